/* `heat2d regress` runs the decks of a list and compares their results with references. The bits of a result depend on
 * the deck alone, so that a list is valid for every compiler, MPI, processor and number of ranks. */
#include "command.h"
#include "heat2d/app/simulation.h"
#include "heat2d/io/directory.h"
#include "regress_list.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One run of one deck of the list. */
typedef struct trial {
  const heat_regress_case *deck;
  int ranks;
  heat_outcome outcome;
} trial;

/* Make a new directory for the output of one run: in the place for temporary files or, if the ranks are on several
 * nodes, which do not share that place, in the working directory. Collective. */
static heat_status make_directory(MPI_Comm comm, char path[HEAT_PATH]) {
  int rank, size;
  heat_status status = heat_ok();
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  const bool several_nodes = heat_node_ranks(comm) < size;
  if (rank == 0) {
    const char *place = getenv("TMPDIR");
    if (several_nodes) place = ".";
    const int length = snprintf(path, HEAT_PATH, "%s/heat2d-regress-XXXXXX", place != NULL ? place : "/tmp");
    if (length >= HEAT_PATH || mkdtemp(path) == NULL)
      status = heat_fail(HEAT_IO, "cannot make a directory for the output in '%.200s': %s",
                         place != NULL ? place : "/tmp", strerror(errno));
  }
  status = heat_agree(comm, status);
  MPI_Bcast(path, HEAT_PATH, MPI_CHAR, 0, comm);
  return status;
}

static heat_status remove_directory(const char *path) {
  heat_status status = heat_directory_remove_partial(path);
  status = heat_first(status, heat_directory_remove_run(path));
  if (status.code == HEAT_OK && rmdir(path) != 0)
    status = heat_fail(HEAT_IO, "cannot remove '%s': %s", path, strerror(errno));
  return status;
}

/* Run the deck with its output in a directory that is removed afterwards. Collective over the communicator. */
static heat_status run_deck(MPI_Comm comm, trial *now) {
  char directory[HEAT_PATH], output[HEAT_PATH + 32];
  const heat_regress_case *deck = now->deck;
  const char **sets = calloc((size_t)deck->set_count + 1, sizeof *sets);
  heat_status status = heat_agree(comm, sets != NULL ? heat_ok() : heat_no_memory("the list", 0));
  if (status.code == HEAT_OK) status = make_directory(comm, directory);
  if (status.code != HEAT_OK) {
    free(sets);
    return status;
  }
  for (int n = 0; n < deck->set_count; n++) sets[n] = deck->sets[n];
  snprintf(output, sizeof output, "output.directory='%s'", directory);
  sets[deck->set_count] = output;
  const heat_options options = {.deck = deck->deck,
                                .sets = sets,
                                .set_count = deck->set_count + 1,
                                .progress = HEAT_PROGRESS_NONE,
                                .outcome = &now->outcome};
  heat_runtime runtime;
  heat_runtime_create(&runtime, comm);
  runtime.quiet = true;
  status = heat_simulation_run(&runtime, &options);
  const heat_status removed = runtime.rank == 0 ? remove_directory(directory) : heat_ok();
  heat_runtime_destroy(&runtime);
  free(sets);
  return heat_first(status, heat_agree(comm, removed));
}

/* Do the same on the first ranks of the communicator. Collective over the runtime's communicator; rank 0 gets the
 * outcome. */
static heat_status run_trial(const heat_runtime *runtime, trial *now) {
  MPI_Comm few;
  const bool works = runtime->rank < now->ranks;
  MPI_Comm_split(runtime->comm, works ? 0 : MPI_UNDEFINED, 0, &few);
  heat_status status = heat_ok();
  if (works) {
    status = run_deck(few, now);
    MPI_Comm_free(&few);
  }
  return heat_agree(runtime->comm, status);
}

/* The size with which the change of a figure is compared: its own, or that of other figures of its kind. */
static double scale_of(const heat_outcome *reference, double energy_size, int figure) {
  const double *figures = reference->figures;
  double scale = 0;
  switch (figure) {
  case HEAT_FIGURE_TIME:
    return fabs(figures[figure]);
  case HEAT_FIGURE_ENERGY: /* the energy itself may consist of rounding errors only */
    return energy_size;
  case HEAT_FIGURE_MIN:
  case HEAT_FIGURE_MAX:
  case HEAT_FIGURE_MEAN:
    return fmax(fabs(figures[HEAT_FIGURE_MIN]), fabs(figures[HEAT_FIGURE_MAX]));
  default:
    for (int side = 0; side < HEAT_SIDES; side++) scale = fmax(scale, fabs(figures[HEAT_FIGURE_FLOWS + side]));
    return scale;
  }
}

/* The result of a comparison so far. */
typedef struct verdict {
  bool bits;      /* all bits are the same */
  double largest; /* largest relative change */
  FILE *lines;    /* a line for each change is written here */
} verdict;

static void compare_figure(verdict *so_far, const char *name, double before, double now, double scale) {
  if (memcmp(&before, &now, sizeof now) == 0) return;
  const double apart = now - before, relative = scale > 0 ? fabs(apart) / scale : INFINITY;
  so_far->bits = false;
  if (apart == 0) return; /* only the sign of a zero differs */
  so_far->largest = fmax(so_far->largest, relative);
  fprintf(so_far->lines, "    %-12s %.17g -> %.17g (by %.3g, relative %.3g)\n", name, before, now, apart, relative);
}

static void compare_probes(verdict *so_far, const heat_outcome *before, const heat_outcome *now) {
  if (before->probe_count != now->probe_count) {
    so_far->bits = false;
    so_far->largest = INFINITY;
    fprintf(so_far->lines, "    %-12s %d -> %d\n", "probes", before->probe_count, now->probe_count);
    return;
  }
  const double scale = scale_of(before, now->energy_size, HEAT_FIGURE_MAX);
  const char *at = now->probe_names;
  for (int p = 0; p < now->probe_count; p++) {
    char name[64];
    const int length = (int)strcspn(at, ",");
    snprintf(name, sizeof name, "%.*s", length, at);
    at += length + (at[length] == ',');
    compare_figure(so_far, name, before->probes[p], now->probes[p], scale);
  }
}

/* Whether the outcome agrees with the reference within the tolerance. The number of steps and the digest are compared
 * only if the tolerance is 0. A line is written for each change. */
static bool compare(const heat_outcome *before, const heat_outcome *now, double tolerance, FILE *lines, char *text,
                    size_t size) {
  verdict so_far = {.bits = before->digest == now->digest && before->step == now->step, .lines = lines};
  if (before->step != now->step)
    fprintf(lines, "    %-12s %lld -> %lld\n", "step", (long long)before->step, (long long)now->step);
  for (int f = 0; f < HEAT_FIGURES; f++)
    compare_figure(&so_far, heat_figure_names[f], before->figures[f], now->figures[f],
                   scale_of(before, now->energy_size, f));
  compare_probes(&so_far, before, now);
  const bool accepted = so_far.bits || (tolerance > 0 && so_far.largest <= tolerance);
  if (so_far.bits)
    snprintf(text, size, "same bits");
  else if (so_far.largest > 0 || before->step != now->step)
    snprintf(text, size, "%s: the figures moved by up to %.3g, relative",
             accepted ? "within the tolerance" : "DIFFERENT", so_far.largest);
  else
    snprintf(text, size, "%s: bits of the temperature, no figure", accepted ? "within the tolerance" : "DIFFERENT");
  return accepted;
}

typedef struct tally {
  int good, different, failed;
} tally;

static void say_trial(heat_runtime *runtime, const trial *now, const char *text) {
  heat_runtime_say(runtime, "%-24s %3d rank%s   %s\n", now->deck->name, now->ranks, now->ranks == 1 ? " " : "s", text);
}

/* On rank 0: compare the outcome with the reference, or make it the reference. */
static heat_status judge(heat_runtime *runtime, heat_regress_case *deck, trial *now, bool update, tally *count) {
  char text[256], *lines = NULL;
  size_t length = 0;
  if (update || !deck->referenced) {
    if (!update) {
      say_trial(runtime, now, "DIFFERENT: it has no reference (--update writes one)");
      count->different++;
      return heat_ok();
    }
    heat_outcome_destroy(&deck->reference);
    deck->reference = now->outcome;
    deck->referenced = true;
    now->outcome = (heat_outcome){0};
    say_trial(runtime, now, "this is now the reference");
    count->good++;
    return heat_ok();
  }
  FILE *out = open_memstream(&lines, &length);
  if (out == NULL) return heat_no_memory("a comparison", 0);
  const bool accepted = compare(&deck->reference, &now->outcome, deck->tolerance, out, text, sizeof text);
  if (fclose(out) != 0) return heat_no_memory("a comparison", length);
  say_trial(runtime, now, text);
  heat_runtime_say(runtime, "%s", lines);
  *(accepted ? &count->good : &count->different) += 1;
  free(lines);
  return heat_ok();
}

/* The n-th number of ranks of a deck, but at most as many as there are. */
static int ranks_of(const heat_regress_case *deck, int n, int size) {
  return deck->ranks[n] > 0 && deck->ranks[n] < size ? deck->ranks[n] : size;
}

/* Whether that number of ranks occurred before. If there are few ranks, several entries of a list mean the same run. */
static bool is_repeated(const heat_regress_case *deck, int n, int size) {
  for (int before = 0; before < n; before++)
    if (ranks_of(deck, before, size) == ranks_of(deck, n, size)) return true;
  return false;
}

/* Do all runs of one deck. If a run fails, a message says so and the next deck follows; only a request to stop ends the
 * command. */
static heat_status run_case(heat_runtime *runtime, heat_regress_case *deck, bool update, tally *count) {
  heat_status status = heat_ok();
  for (int n = 0; n < deck->rank_count && status.code == HEAT_OK; n++) {
    if (is_repeated(deck, n, runtime->size)) continue;
    trial now = {.deck = deck, .ranks = ranks_of(deck, n, runtime->size)};
    status = run_trial(runtime, &now);
    if (status.code != HEAT_OK) {
      say_trial(runtime, &now, "FAILED:");
      heat_runtime_say(runtime, "    %s\n", status.text);
      count->failed++;
    } else {
      /* The first run gives the reference, with which the others have to agree. */
      status = heat_agree(runtime->comm,
                          runtime->rank == 0 ? judge(runtime, deck, &now, update && n == 0, count) : heat_ok());
    }
    heat_outcome_destroy(&now.outcome);
  }
  return status;
}

static heat_status check_name(const heat_regress_list *list, const char *only) {
  if (only == NULL) return heat_ok();
  for (int n = 0; n < list->count; n++)
    if (strcmp(list->cases[n].name, only) == 0) return heat_ok();
  return heat_fail(HEAT_USAGE, "--only: there is no '%s' in '%s'", only, list->path);
}

static heat_status run_list(heat_runtime *runtime, heat_regress_list *list, const char *only, bool update) {
  tally count = {0};
  heat_status worst = heat_ok();
  for (int n = 0; n < list->count && worst.code != HEAT_STOPPED; n++)
    if (only == NULL || strcmp(list->cases[n].name, only) == 0)
      worst = heat_first(worst, run_case(runtime, &list->cases[n], update, &count));
  MPI_Bcast(&count, sizeof count / sizeof(int), MPI_INT, 0, runtime->comm);
  if (worst.code == HEAT_OK && update) {
    worst = heat_agree(runtime->comm, runtime->rank == 0 ? heat_regress_write(list) : heat_ok());
    if (worst.code == HEAT_OK) heat_runtime_say(runtime, "the references are in '%s'\n", list->path);
  }
  heat_runtime_say(runtime, "%d runs: %d as the reference, %d different, %d failed\n",
                   count.good + count.different + count.failed, count.good, count.different, count.failed);
  if (count.failed > 0) return heat_fail(worst.code, "%d runs of '%s' failed", count.failed, list->path);
  if (worst.code != HEAT_OK || count.different == 0) return worst;
  return heat_fail(HEAT_DIFFERENT, "%d of %d runs of '%s' differ from their reference", count.different,
                   count.good + count.different, list->path);
}

static heat_status run_regress(heat_runtime *runtime, const heat_arguments *arguments) {
  heat_regress_list list;
  const char *only = heat_arguments_value(arguments, "only");
  heat_status status = heat_regress_load(&list, runtime->comm, arguments->operands[0]);
  if (status.code == HEAT_OK) status = check_name(&list, only);
  if (status.code == HEAT_OK)
    status = run_list(runtime, &list, only, heat_arguments_value(arguments, "update") != NULL);
  heat_regress_destroy(&list);
  return status;
}

const heat_command heat_command_regress = {
    .name = "regress",
    .operands = "LIST",
    .summary = "run every deck of a list and compare the results with its references; exit code 0: the same, 1: not",
    .options = {{"update", HEAT_NO_ARGUMENT, NULL, "write the results of the runs to the list as its references"},
                {"only", HEAT_ARGUMENT, "NAME", "run only this deck of the list"}},
    .least = 1,
    .most = 1,
    .run = run_regress};
