#define _GNU_SOURCE /* for O_DIRECT and madvise */
#include "heat2d/io/h5_uncached.h"

#include "heat2d/io/h5_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Offsets, lengths and addresses of such reads are multiples of ALIGNMENT bytes, which suits all usual disks. With
 * PIECE_BYTES at a time the disk is as fast as with more, and the hash finds the values in the cache. */
enum { ALIGNMENT = 4096, PIECE_BYTES = 1 << 20, HUGE_PAGE = 2 << 20 };

bool heat_h5_uncached_open(heat_h5_uncached *from, const char *path) {
  *from = (heat_h5_uncached){.file = -1};
#ifdef O_DIRECT
  from->file = open(path, O_RDONLY | O_DIRECT | O_NOFOLLOW | O_CLOEXEC);
#else
  (void)path;
#endif
  return from->file >= 0;
}

static void release(heat_h5_uncached *from) {
  if (from->map != NULL) munmap(from->map, from->bytes + HUGE_PAGE);
  from->map = NULL;
  from->bytes = 0;
}

void heat_h5_uncached_close(heat_h5_uncached *from) {
  if (from->file >= 0) close(from->file);
  release(from);
  *from = (heat_h5_uncached){.file = -1};
}

/* Make sure that there are so many bytes of memory. A piece lies in one huge page where the system allows it: the disk
 * then gets few long requests in place of many of one small page each, which is twice as fast. Memory of malloc may
 * have been used before, as small pages. */
static bool provide(heat_h5_uncached *from, size_t bytes) {
  if (from->bytes >= bytes) return true;
  release(from);
  const bool large = bytes >= PIECE_BYTES;
  bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  void *map = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return false;
  from->map = map;
  from->bytes = bytes;
  from->memory = (char *)map + (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
#ifdef MADV_HUGEPAGE
  if (large) madvise(from->memory, bytes, MADV_HUGEPAGE);
#else
  (void)large;
#endif
  return true;
}

/* Read at least `needed` of `length` bytes (a multiple of ALIGNMENT) from the offset `at` on: the last bytes may lie
 * beyond the end of the file. */
static bool fetch(const heat_h5_uncached *from, off_t at, size_t length, size_t needed) {
  size_t have = 0;
  for (;;) {
    const ssize_t done = pread(from->file, from->memory + have, length - have, at + (off_t)have);
    if (done < 0 && errno == EINTR) continue;
    const size_t got = done > 0 ? (size_t)done : 0;
    if (have + got >= needed) return true;
    if (got < ALIGNMENT) return false; /* a failure, or the end of the file */
    have += got / ALIGNMENT * ALIGNMENT;
  }
}

/* The digest of rows of float32 is that of their values as doubles, for which `row` has room. */
static uint64_t hash_single(const char *stored, double *row, const heat_h5_stored_rows *rows) {
  uint64_t digest = 0;
  for (int64_t n = 0; n < rows->count; n++) {
    for (int64_t i = 0; i < rows->width; i++, stored += sizeof(float)) {
      float value;
      memcpy(&value, stored, sizeof value);
      row[i] = (double)value;
    }
    digest += heat_h5_hash_rows(row, 1, rows->width, rows->place + (uint64_t)n);
  }
  return digest;
}

bool heat_h5_uncached_hash(heat_h5_uncached *from, const heat_h5_stored_rows *rows, uint64_t *digest) {
  const size_t value = rows->single ? sizeof(float) : sizeof(double), row_bytes = (size_t)rows->width * value;
  const int64_t fitting = row_bytes > 0 ? (int64_t)(PIECE_BYTES / row_bytes) : 1, most = fitting > 1 ? fitting : 1;
  const size_t widest = ((size_t)most * row_bytes / ALIGNMENT + 2) * ALIGNMENT;
  uint64_t sum = 0;
  if (from->file < 0 || !provide(from, widest + (size_t)rows->width * sizeof(double))) return false;
  for (int64_t done = 0; done < rows->count; done += most) {
    heat_h5_stored_rows piece = *rows;
    piece.count = rows->count - done < most ? rows->count - done : most;
    piece.place = rows->place + (uint64_t)done;
    piece.at = rows->at + (off_t)done * (off_t)row_bytes;
    const size_t before = (size_t)(piece.at % ALIGNMENT), needed = before + (size_t)piece.count * row_bytes;
    const size_t length = (needed + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!fetch(from, piece.at - (off_t)before, length, needed)) return false;
    const bool aligned = before % sizeof(double) == 0; /* HDF5 packs small datasets as they come */
    const char *stored =
        aligned ? from->memory + before : memmove(from->memory, from->memory + before, needed - before);
    if (piece.single)
      sum += hash_single(stored, (double *)(void *)(from->memory + widest), &piece);
    else
      sum += heat_h5_hash_rows((const double *)(const void *)stored, piece.count, piece.width, piece.place);
  }
  *digest += sum;
  return true;
}
