/* The width of vectors in the inner loops: that of the processor for which the file is compiled. */
#ifndef HEAT2D_VECTORS_H
#define HEAT2D_VECTORS_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* gcc 12 misaligns variables of 64 bytes under the address sanitizer (its bug 110027). */
#if defined(VECTOR_BYTES) /* the build chooses it for tests */
#elif defined(__AVX512F__) && !defined(__SANITIZE_ADDRESS__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
typedef double vec __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(double)), may_alias));

#endif
