"""What clients can have done, one module a subject: params and caller in, payload or error out."""
