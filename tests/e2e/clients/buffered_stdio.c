/* Preloaded into gnutls-cli: keeps it from turning off the buffer of its standard output. */
#include <stdio.h>

int setvbuf(FILE *stream, char *buffer, int mode, size_t size) {
  (void)stream, (void)buffer, (void)mode, (void)size;
  return 0;
}

void setbuf(FILE *stream, char *buffer) { (void)stream, (void)buffer; }
