/* What leak_probe.c and the library that it opens agree on. */
#ifndef HEAT2D_TESTS_THREAD_LOCAL_H
#define HEAT2D_TESTS_THREAD_LOCAL_H

enum { THREAD_LOCAL_BYTES = 24 };

/* The block of this thread, which the loader allocates at the first access. */
char *thread_local_block(void);

#endif
