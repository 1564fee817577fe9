#include "regress_list.h"

#include "heat2d/io/h5_digest.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_LIST = 16 << 20 };

static heat_status read_file(char **text, size_t *length, const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL && errno == ENOENT) return heat_fail(HEAT_DECK, "%s: there is no such list", path);
  if (file == NULL) return heat_fail(HEAT_IO, "%s: %s", path, strerror(errno));
  heat_status status = heat_ok();
  *text = malloc(LONGEST_LIST + 1);
  if (*text == NULL) {
    status = heat_no_memory("the list", LONGEST_LIST);
  } else {
    *length = fread(*text, 1, LONGEST_LIST, file);
    if (ferror(file)) status = heat_fail(HEAT_IO, "%s: %s", path, strerror(errno));
    if (*length == LONGEST_LIST) status = heat_fail(HEAT_DECK, "%s:1:1: list: 16 MiB or longer", path);
    (*text)[*length] = '\0';
  }
  fclose(file);
  return status;
}

/* Rank 0 reads the file and broadcasts its text. Collective. */
static heat_status read_all(char **text, size_t *length, MPI_Comm comm, const char *path) {
  int rank, bytes = 0;
  MPI_Comm_rank(comm, &rank);
  heat_status status = heat_agree(comm, rank == 0 ? read_file(text, length, path) : heat_ok());
  if (status.code != HEAT_OK) return status;
  if (rank == 0) bytes = (int)*length;
  MPI_Bcast(&bytes, 1, MPI_INT, 0, comm);
  *length = (size_t)bytes;
  if (rank != 0) *text = calloc(*length + 1, 1);
  status = heat_agree(comm, *text != NULL ? heat_ok() : heat_no_memory("the list", *length));
  if (status.code == HEAT_OK) MPI_Bcast(*text, bytes, MPI_CHAR, 0, comm);
  return status;
}

static heat_status read_number(const heat_regress_list *list, const heat_node *section, const char *key,
                               double *number) {
  const heat_node *node = heat_yaml_entry(section, key);
  if (node == NULL) return heat_yaml_fail(list->path, section, "%s is missing", key);
  return heat_yaml_number(node, number) ? heat_ok() : heat_yaml_fail(list->path, node, "it must be a number");
}

static heat_status read_tolerance(const heat_regress_list *list, const heat_node *section, double *tolerance) {
  const heat_node *node = heat_yaml_entry(section, "tolerance");
  if (node == NULL || (heat_yaml_number(node, tolerance) && *tolerance >= 0 && *tolerance < 1)) return heat_ok();
  return heat_yaml_fail(list->path, node, "it must be a number in [0, 1)");
}

/* Read the path of the deck, which is relative to the folder of the list. */
static heat_status read_deck(const heat_regress_list *list, const heat_node *section, char path[HEAT_PATH]) {
  const heat_node *node = heat_yaml_entry(section, "deck");
  const char *deck = node != NULL ? heat_yaml_text(node) : NULL;
  if (node == NULL) return heat_yaml_fail(list->path, section, "deck is missing");
  if (deck == NULL || deck[0] == '\0') return heat_yaml_fail(list->path, node, "it must be the path of a deck");
  const char *slash = strrchr(list->path, '/');
  const int folder = slash != NULL && deck[0] != '/' ? (int)(slash - list->path) + 1 : 0;
  const int length = snprintf(path, HEAT_PATH, "%.*s%s", folder, list->path, deck);
  return length < HEAT_PATH ? heat_ok() : heat_yaml_fail(list->path, node, "the path is too long");
}

static heat_status read_sets(const heat_regress_list *list, const heat_node *section, heat_regress_case *now) {
  const heat_node *node = heat_yaml_entry(section, "set");
  if (node == NULL) return heat_ok();
  if (!heat_yaml_is_list(node)) return heat_yaml_fail(list->path, node, "it must be a list of KEY=VALUE");
  now->sets = calloc((size_t)heat_yaml_count(node) + 1, sizeof *now->sets);
  if (now->sets == NULL) return heat_no_memory("the list", 0);
  for (int n = 0; n < heat_yaml_count(node); n++) {
    const heat_node *entry = heat_yaml_at(node, n);
    const char *text = heat_yaml_text(entry);
    if (text == NULL || strchr(text, '=') == NULL)
      return heat_yaml_fail(list->path, entry, "it must be KEY=VALUE (in quotes if it contains a comma)");
    if (strncmp(text, "output.directory=", strlen("output.directory=")) == 0)
      return heat_yaml_fail(list->path, entry, "the output is written to a temporary directory, which is removed");
    now->sets[now->set_count++] = text;
  }
  return heat_ok();
}

static heat_status read_ranks(const heat_regress_list *list, const heat_node *section, heat_regress_case *now) {
  const heat_node *node = heat_yaml_entry(section, "ranks");
  if (node == NULL) {
    now->rank_count = 1; /* of which the number is 0: all ranks */
    return heat_ok();
  }
  const int count = heat_yaml_is_list(node) ? heat_yaml_count(node) : 1;
  if (count < 1 || count > HEAT_REGRESS_RANKS)
    return heat_yaml_fail(list->path, node, "it must be a list of 1 to %d numbers of ranks", HEAT_REGRESS_RANKS);
  for (int n = 0; n < count; n++) {
    const heat_node *entry = heat_yaml_is_list(node) ? heat_yaml_at(node, n) : node;
    double ranks;
    if (!heat_yaml_number(entry, &ranks) || ranks < 1 || ranks > INT_MAX || ranks != (double)(int)ranks)
      return heat_yaml_fail(list->path, entry, "it must be a number of ranks");
    now->ranks[now->rank_count++] = (int)ranks;
  }
  return heat_ok();
}

static heat_status read_case(heat_regress_list *list, const heat_node *section, double tolerance) {
  static const char *const keys[] = {"deck", "set", "ranks", "tolerance", NULL};
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  heat_regress_case *now = &list->cases[list->count++];
  *now = (heat_regress_case){.name = heat_yaml_key(section), .tolerance = tolerance};
  if (now->name[0] == '\0' || strspn(now->name, letters) != strlen(now->name))
    return heat_yaml_fail(list->path, section, "a name is made of letters, digits and _ - .");
  heat_status status = heat_yaml_expect(list->path, section, keys);
  if (status.code == HEAT_OK) status = read_deck(list, section, now->deck);
  if (status.code == HEAT_OK) status = read_sets(list, section, now);
  if (status.code == HEAT_OK) status = read_ranks(list, section, now);
  if (status.code == HEAT_OK) status = read_tolerance(list, section, &now->tolerance);
  return status;
}

static heat_status read_probes(const heat_regress_list *list, const heat_node *section, heat_outcome *reference) {
  const heat_node *node = heat_yaml_entry(section, "probes");
  if (node == NULL) return heat_ok();
  if (!heat_yaml_is_list(node)) return heat_yaml_fail(list->path, node, "it must be a list of numbers");
  reference->probe_count = heat_yaml_count(node);
  reference->probes = calloc((size_t)reference->probe_count + 1, sizeof *reference->probes);
  if (reference->probes == NULL) return heat_no_memory("the list", 0);
  for (int n = 0; n < reference->probe_count; n++)
    if (!heat_yaml_number(heat_yaml_at(node, n), &reference->probes[n]))
      return heat_yaml_fail(list->path, heat_yaml_at(node, n), "it must be a number");
  return heat_ok();
}

static heat_status read_reference(const heat_regress_list *list, const heat_node *section, heat_outcome *reference) {
  enum { OTHERS = 3 };
  const char *keys[HEAT_FIGURES + OTHERS + 1] = {"digest", "step", "probes"};
  for (int f = 0; f <= HEAT_FIGURES; f++) keys[OTHERS + f] = heat_figure_names[f];
  double step = 0;
  int used = 0;
  heat_status status = heat_yaml_expect(list->path, section, keys);
  const heat_node *node = status.code == HEAT_OK ? heat_yaml_entry(section, "digest") : NULL;
  const char *text = node != NULL ? heat_yaml_text(node) : NULL;
  if (status.code == HEAT_OK && node == NULL) status = heat_yaml_fail(list->path, section, "digest is missing");
  if (status.code == HEAT_OK &&
      (text == NULL || sscanf(text, "%" SCNx64 "%n", &reference->digest, &used) != 1 || text[used] != '\0'))
    status = heat_yaml_fail(list->path, node, "it must be a digest");
  if (status.code == HEAT_OK) status = read_number(list, section, "step", &step);
  reference->step = (int64_t)step;
  for (int f = 0; f < HEAT_FIGURES && status.code == HEAT_OK; f++)
    status = read_number(list, section, heat_figure_names[f], &reference->figures[f]);
  return status.code == HEAT_OK ? read_probes(list, section, reference) : status;
}

/* The references have to be the last section, because anything after them would be lost when they are rewritten. */
static heat_status read_references(heat_regress_list *list) {
  const heat_node *root = list->root, *section = heat_yaml_entry(root, "references");
  if (section == NULL) return heat_ok();
  const heat_node *last = heat_yaml_at(root, heat_yaml_count(root) - 1);
  if (last != section)
    return heat_yaml_fail(list->path, last, "it comes after references, which must be the last section");
  if (!heat_yaml_is_map(section) && heat_yaml_text(section)[0] != '\0')
    return heat_yaml_fail(list->path, section, "it must have a section for each deck");
  for (int n = 0; n < heat_yaml_count(section); n++) {
    const heat_node *entry = heat_yaml_at(section, n);
    heat_regress_case *found = NULL;
    for (int c = 0; c < list->count; c++)
      if (strcmp(list->cases[c].name, heat_yaml_key(entry)) == 0) found = &list->cases[c];
    if (found == NULL) return heat_yaml_fail(list->path, entry, "there is no such deck in the section decks");
    found->referenced = true;
    const heat_status status = read_reference(list, entry, &found->reference);
    if (status.code != HEAT_OK) return status;
  }
  return heat_ok();
}

static heat_status parse(heat_regress_list *list, size_t length) {
  static const char *const keys[] = {"tolerance", "decks", "references", NULL};
  double tolerance = 0;
  heat_status status = heat_yaml_parse(&list->root, list->path, list->text, length);
  if (status.code == HEAT_OK) status = heat_yaml_expect(list->path, list->root, keys);
  if (status.code == HEAT_OK) status = read_tolerance(list, list->root, &tolerance);
  const heat_node *decks = status.code == HEAT_OK ? heat_yaml_entry(list->root, "decks") : NULL;
  if (status.code == HEAT_OK && (decks == NULL || !heat_yaml_is_map(decks) || heat_yaml_count(decks) == 0))
    status = heat_yaml_fail(list->path, decks != NULL ? decks : list->root, "there must be a section decks with names");
  if (status.code != HEAT_OK) return status;
  list->cases = calloc((size_t)heat_yaml_count(decks), sizeof *list->cases);
  if (list->cases == NULL) return heat_no_memory("the list", 0);
  for (int n = 0; n < heat_yaml_count(decks) && status.code == HEAT_OK; n++)
    status = read_case(list, heat_yaml_at(decks, n), tolerance);
  return status.code == HEAT_OK ? read_references(list) : status;
}

heat_status heat_regress_load(heat_regress_list *list, MPI_Comm comm, const char *path) {
  size_t length = 0;
  *list = (heat_regress_list){.path = path};
  heat_status status = read_all(&list->text, &length, comm, path);
  if (status.code == HEAT_OK) status = heat_agree(comm, parse(list, length));
  return status;
}

void heat_regress_destroy(heat_regress_list *list) {
  for (int n = 0; n < list->count; n++) {
    free(list->cases[n].sets);
    heat_outcome_destroy(&list->cases[n].reference);
  }
  free(list->cases);
  heat_yaml_destroy(list->root);
  free(list->text);
  *list = (heat_regress_list){0};
}

/* The length of the text before the section `references`, or of the whole text without it. */
static size_t kept_length(const heat_regress_list *list) {
  const heat_node *section = heat_yaml_entry(list->root, "references");
  const char *at = list->text;
  if (section == NULL) return strlen(list->text);
  for (int line = heat_yaml_line(section); line > 1; line--) at = strchr(at, '\n') + 1;
  return (size_t)(at - list->text);
}

static void write_reference(FILE *out, const heat_regress_case *now) {
  const heat_outcome *reference = &now->reference;
  fprintf(out, "  %s:\n    digest: %016" PRIx64 "\n    step: %" PRId64 "\n", now->name, reference->digest,
          reference->step);
  for (int f = 0; f < HEAT_FIGURES; f++) fprintf(out, "    %s: %.17g\n", heat_figure_names[f], reference->figures[f]);
  for (int p = 0; p < reference->probe_count; p++)
    fprintf(out, "%s%.17g", p == 0 ? "    probes: [" : p % 5 == 0 ? ",\n      " : ", ", reference->probes[p]);
  if (reference->probe_count > 0) fprintf(out, "]\n");
}

/* Write the list to the file `partial`, and rename it. */
static heat_status replace(const heat_regress_list *list, const char *partial) {
  const char *path = list->path;
  struct stat info;
  const size_t kept = kept_length(list);
  FILE *out = fopen(partial, "wx");
  if (out == NULL) return heat_fail(HEAT_IO, "cannot write '%s': %s", partial, strerror(errno));
  fwrite(list->text, 1, kept, out);
  if (kept > 0 && list->text[kept - 1] != '\n') fputc('\n', out);
  fprintf(out, "references: # written by heat2d regress --update, up to the end of the file\n");
  for (int n = 0; n < list->count; n++)
    if (list->cases[n].referenced) write_reference(out, &list->cases[n]);
  const bool modes = stat(path, &info) == 0 && fchmod(fileno(out), info.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO)) == 0;
  const bool failed = ferror(out) != 0;
  if (fclose(out) == 0 && !failed && modes && rename(partial, path) == 0) return heat_ok();
  const heat_status status = heat_fail(HEAT_IO, "cannot write '%s': %s", path, strerror(errno));
  unlink(partial);
  return status;
}

heat_status heat_regress_write(const heat_regress_list *list) {
  char partial[HEAT_PATH];
  struct stat info;
  const int length = snprintf(partial, sizeof partial, "%s.partial", list->path);
  if (length < 0 || (size_t)length >= sizeof partial)
    return heat_fail(HEAT_DECK, "the path '%.60s...' is too long", list->path);
  if (lstat(list->path, &info) == 0 && S_ISLNK(info.st_mode))
    return heat_fail(HEAT_IO, "cannot write '%s': it is a symbolic link", list->path);
  return replace(list, partial);
}
