"""Pure rooms: frozen data in, frozen data out. Nothing here reads a clock, a file or a socket."""
