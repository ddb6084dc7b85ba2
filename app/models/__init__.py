"""Tables, and the request and reply models of the service's own API."""
