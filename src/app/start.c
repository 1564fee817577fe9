/* Ranks compare a hash, and send the texts only if a hash differs. */
#if defined(__linux__)
#define _GNU_SOURCE /* for dl_iterate_phdr */
#include <link.h>
#endif
#define XXH_INLINE_ALL
#include "heat2d/app/start.h"

#include "heat2d/base/runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Number of characters of a command line in a message, and of those before the first difference. */
enum { SHOWN = 320, BEFORE = 80 };

#if defined(__linux__)
/* Print the build id that the linker has stored in a note of the program, which is visited first. */
static int print_build(struct dl_phdr_info *info, size_t size, void *context) {
  enum { ALIGN = 4, BUILD = 3 };
  (void)size;
  for (int n = 0; n < info->dlpi_phnum; n++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[n];
    if (part->p_type != PT_NOTE) continue;
    const char *at = (const char *)(info->dlpi_addr + part->p_vaddr), *end = at + part->p_memsz;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) head;
      memcpy(&head, at, sizeof head);
      const char *name = at + sizeof head;
      const unsigned char *id = (const unsigned char *)name + (head.n_namesz + ALIGN - 1) / ALIGN * ALIGN;
      if (head.n_type == BUILD && head.n_namesz == sizeof "GNU" && memcmp(name, "GNU", sizeof "GNU") == 0) {
        char *text = context, *to = text + strlen(text), *last = text + HEAT_BUILD;
        to += snprintf(to, (size_t)(last - to), " build ");
        for (unsigned b = 0; b < head.n_descsz && last - to > 2; b++)
          to += snprintf(to, (size_t)(last - to), "%02x", id[b]);
        return 1;
      }
      at = (const char *)id + (head.n_descsz + ALIGN - 1) / ALIGN * ALIGN;
    }
  }
  return 1;
}
#endif

void heat_start_build(char text[HEAT_BUILD]) {
  snprintf(text, HEAT_BUILD / 2, "heat2d %s", heat_version());
#if defined(__linux__)
  dl_iterate_phdr(print_build, text);
#endif
}

/* Write the version and the arguments in one line, each after a space. */
static char *describe(const char *version, int count, char *const *words) {
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);
  if (out == NULL) return NULL;
  fprintf(out, "%s:", version);
  for (int n = 0; n < count; n++) fprintf(out, " %s", words[n]);
  if (fclose(out) == 0) return text;
  free(text);
  return NULL;
}

/* Hash the version and the arguments with their lengths, so that "a b" differs from "a", "b". */
static uint64_t hash_start(const char *version, int count, char *const *words) {
  uint64_t hash = XXH3_64bits(version, strlen(version));
  for (int n = 0; n < count; n++) hash = XXH3_64bits_withSeed(words[n], strlen(words[n]), hash + 1);
  return hash;
}

/* Make the message of a rank that differs from rank 0; it shows the text around the first difference. */
static heat_status tell(const char *mine, const char *theirs, int rank, const char *hosts[2]) {
  size_t same = 0;
  while (mine[same] != '\0' && mine[same] == theirs[same]) same++;
  const size_t from = same > SHOWN - BEFORE ? same - BEFORE : 0;
  const char *cut = from > 0 ? "..." : "";
  return heat_fail(HEAT_USAGE,
                   "the ranks were started differently: rank 0 on %.60s as '%s%.*s', rank %d on %.60s as '%s%.*s' "
                   "(all need the same build and the same command line)",
                   hosts[0], cut, SHOWN, theirs + from, rank, hosts[1], cut, SHOWN, mine + from);
}

heat_status heat_start_agree(MPI_Comm comm, const char *version, int count, char *const *words) {
  int rank, length = 0;
  MPI_Comm_rank(comm, &rank);
  const uint64_t mine = hash_start(version, count, words);
  uint64_t first = mine;
  MPI_Bcast(&first, 1, MPI_UINT64_T, 0, comm);
  int differs = first != mine;
  MPI_Allreduce(MPI_IN_PLACE, &differs, 1, MPI_INT, MPI_MAX, comm);
  if (differs == 0) return heat_ok();
  char host[MPI_MAX_PROCESSOR_NAME] = "", first_host[MPI_MAX_PROCESSOR_NAME] = "", *text, *theirs = NULL;
  MPI_Get_processor_name(host, &length);
  memcpy(first_host, host, sizeof host);
  MPI_Bcast(first_host, sizeof first_host, MPI_CHAR, 0, comm);
  text = describe(version, count, words);
  uint64_t size = text != NULL ? strlen(text) + 1 : 0;
  MPI_Bcast(&size, 1, MPI_UINT64_T, 0, comm);
  if (size > 0 && text != NULL) theirs = rank == 0 ? strdup(text) : calloc(size, 1);
  heat_status status = heat_agree(comm, theirs != NULL ? heat_ok() : heat_no_memory("the command line", size));
  if (status.code == HEAT_OK) {
    MPI_Bcast(theirs, (int)size, MPI_CHAR, 0, comm);
    status = first != mine ? tell(text, theirs, rank, (const char *[2]){first_host, host}) : heat_ok();
    status = heat_agree(comm, status);
  }
  free(text);
  free(theirs);
  return status;
}
