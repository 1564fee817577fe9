/* Treats denormal numbers as 0 for a while. Far from sources and walls the values of a solver decay below 1e-38, or
 * 1e-308 in double, and there an operation takes a hundred times as long on many processors. */
#ifndef HEAT2D_FLUSH_H
#define HEAT2D_FLUSH_H

#include <stdint.h>

#if defined(__SSE2__)
#include <xmmintrin.h>

enum { HEAT_FLUSH_BITS = 0x8040 }; /* flush results to zero, and treat operands as zero */

/* Begin, for the calling thread; returns the previous setting, with which heat_flush_end has to be called. Local. */
static inline uint64_t heat_flush_begin(void) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | HEAT_FLUSH_BITS);
  return before;
}

static inline void heat_flush_end(uint64_t before) {
  _mm_setcsr((unsigned)before);
}

#elif defined(__aarch64__)

static inline void heat_flush_end(uint64_t before) {
  __asm__ volatile("msr fpcr, %0" : : "r"(before));
}

static inline uint64_t heat_flush_begin(void) {
  const uint64_t flush = UINT64_C(1) << 24;
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  heat_flush_end(before | flush);
  return before;
}

#else

static inline uint64_t heat_flush_begin(void) {
  return 0;
}

static inline void heat_flush_end(uint64_t before) {
  (void)before;
}

#endif

#endif
