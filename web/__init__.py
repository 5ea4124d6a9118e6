"""Everything that faces outside: pages, command line, worker. Here it is all put together."""
