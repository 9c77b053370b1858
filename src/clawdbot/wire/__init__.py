"""The boundary of the gateway's protocol: text of WebSocket frames outside, checked and typed values inside."""
