/* What leak_probe.c and the library that it opens agree on. */
#ifndef HEAT2D_TESTS_THREAD_LOCAL_H
#define HEAT2D_TESTS_THREAD_LOCAL_H

enum { THREAD_LOCAL_BYTES = 24 };

/* This thread's block; the loader allocates it when it is first asked for. */
char *thread_local_block(void);

#endif
