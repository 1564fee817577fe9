/* A sweep over all ranks. The members that have to be run are in a list, the largest first, from which the groups of
 * ranks take one after the other. The position of the next member is a counter on rank 0, which the first rank of each
 * group increases by a one-sided operation (MPI_Fetch_and_op), so that no rank has to answer and no group waits for
 * another.
 *
 * The state and the results of a member are in its own directory. Rank 0 writes the table sweep.csv from these
 * directories: whenever its own group has done a member, and when all groups have finished. */
#include "sweep.h"

#include "heat2d/app/simulation.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/lock.h"
#include "sweep_member.h"
#include "sweep_table.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Counters on rank 0: the position of the next member in the list, the number of members that have ended, and the
 * number of groups that have no more to do. */
enum { NEXT, ENDED, ARRIVED, COUNTERS };

/* Prefix of a file for each member that hangs; the number of the member follows. */
static const char hang_prefix[] = ".hangs-";

static const double table_seconds = 5; /* shortest time between two tables while members are being run */
static const double least_seconds = 2; /* time that must be left to begin a member */

/* How the members of this group have ended. */
typedef struct tally {
  int64_t failed, stopped;
  int64_t first; /* the first member that failed, in the order of the deck; INT64_MAX: none */
  heat_status failure;
} tally;

typedef struct sweep {
  heat_runtime *runtime; /* of all ranks, borrowed */
  const heat_options *options;
  heat_config *config;
  const char *directory;
  heat_lock lock;
  int64_t *list; /* numbers of the members to be run */
  int64_t count; /* length of the list */
  int groups;
  heat_runtime group; /* runtime of this rank's group; clock and log are new for each member */
  heat_member member;
  MPI_Win window;
  int64_t *counters;
  heat_stop_reason reason; /* why this group takes no more members */
  double written;          /* MPI_Wtime of the last table */
  double began, busy; /* MPI_Wtime when the groups were made; time for which this rank has had a member since then, s */
  tally tally;
} sweep;

typedef struct job {
  int64_t index;
  double work;
} job;

static int by_work(const void *a, const void *b) {
  const job *left = a, *right = b;
  if (left->work > right->work || left->work < right->work) return left->work > right->work ? -1 : 1;
  return (left->index > right->index) - (left->index < right->index);
}

/* Refuse a directory that already has a sweep, unless the options say what to do. Called on rank 0. */
static heat_status check_free(const sweep *s) {
  heat_status status = heat_ok();
  if (s->options->resume || s->options->overwrite) return status;
  for (int64_t m = 0; m < heat_members_count(s->config) && status.code == HEAT_OK; m++) {
    char path[HEAT_PATH];
    bool found = false;
    status = heat_member_directory(s->config, m, path);
    if (status.code == HEAT_OK) status = heat_directory_has_run(path, &found);
    if (status.code == HEAT_OK && found)
      status = heat_fail(HEAT_USAGE,
                         "'%s' already holds a run: --resume goes on with the sweep, --overwrite replaces it", path);
  }
  return status;
}

/* Remove the run of one member, if it has one. */
static heat_status remove_run(const sweep *s, int64_t index) {
  char path[HEAT_PATH], note[HEAT_STATUS_TEXT];
  const heat_claim claim = {.all = true, .keep = -1, .inputs = &s->options->deck, .input_count = 1};
  heat_lock lock = {.file = -1};
  bool found = false;
  heat_status status = heat_member_directory(s->config, index, path);
  if (status.code == HEAT_OK) status = heat_directory_has_run(path, &found);
  if (status.code != HEAT_OK || !found) return status;
  status = heat_lock_take(&lock, path, s->options->force_unlock, note, sizeof note);
  if (status.code == HEAT_OK) status = heat_directory_check(path, &claim);
  if (status.code == HEAT_OK) status = heat_directory_remove_run(path);
  heat_lock_release(&lock);
  return status;
}

/* List the members that are not done, the largest first. Called on rank 0. */
static heat_status make_list(sweep *s) {
  const int64_t members = heat_members_count(s->config);
  job *jobs = malloc((size_t)members * sizeof *jobs);
  if (jobs == NULL) return heat_no_memory("the members", (size_t)members * sizeof *jobs);
  s->count = 0;
  for (int64_t m = 0; m < members; m++)
    if (!heat_member_done(s->config, m)) jobs[s->count++] = (job){m, heat_member_work(s->config, m)};
  qsort(jobs, (size_t)s->count, sizeof *jobs, by_work);
  for (int64_t n = 0; n < s->count; n++) s->list[n] = jobs[n].index;
  free(jobs);
  return heat_ok();
}

/* Call `act` for each member that hangs in a call that cannot be interrupted, and return their number. */
static int each_hang(const sweep *s, void (*act)(const sweep *s, int64_t index, const char *path)) {
  heat_directory_list list = heat_directory_list_open(s->directory);
  int count = 0;
  for (const char *name = heat_directory_list_next(&list); name != NULL; name = heat_directory_list_next(&list)) {
    char path[HEAT_PATH];
    const size_t prefix = strlen(hang_prefix);
    if (strncmp(name, hang_prefix, prefix) != 0 ||
        heat_directory_join(path, sizeof path, s->directory, name).code != HEAT_OK)
      continue;
    count++;
    if (act != NULL) act(s, strtoll(name + prefix, NULL, 10), path);
  }
  heat_directory_list_close(&list);
  return count;
}

static void forget_hang(const sweep *s, int64_t index, const char *path) {
  (void)s;
  (void)index;
  unlink(path);
}

/* Lock the directory for this sweep, and find out what has to be done in it. Called on rank 0. */
static heat_status occupy(sweep *s) {
  char note[HEAT_STATUS_TEXT] = "";
  heat_status status = check_free(s);
  if (status.code == HEAT_OK) status = heat_directory_make(s->directory);
  if (status.code == HEAT_OK)
    status = heat_lock_take(&s->lock, s->directory, s->options->force_unlock, note, sizeof note);
  if (status.code != HEAT_OK) return status;
  if (note[0] != '\0') heat_runtime_say(s->runtime, "%s\n", note);
  each_hang(s, forget_hang);
  for (int64_t m = 0; s->options->overwrite && m < heat_members_count(s->config) && status.code == HEAT_OK; m++)
    status = remove_run(s, m);
  if (status.code == HEAT_OK) status = make_list(s);
  if (status.code == HEAT_OK) status = heat_sweep_table_write(s->config, -1);
  return status;
}

static heat_status begin(sweep *s) {
  const MPI_Comm comm = s->runtime->comm;
  const int64_t members = heat_members_count(s->config);
  s->list = calloc((size_t)members, sizeof *s->list);
  heat_status status = s->list != NULL ? heat_ok() : heat_no_memory("the members", (size_t)members * sizeof *s->list);
  status = heat_agree(comm, status);
  if (status.code == HEAT_OK) status = heat_agree(comm, s->runtime->rank == 0 ? occupy(s) : heat_ok());
  if (status.code != HEAT_OK) return status;
  MPI_Bcast(&s->count, 1, MPI_INT64_T, 0, comm);
  MPI_Bcast(s->list, (int)s->count, MPI_INT64_T, 0, comm);
  heat_runtime_say(s->runtime, "sweep       '%s': %lld members, %lld done\n", s->directory, (long long)members,
                   (long long)(members - s->count));
  return status;
}

/* Make groups of consecutive ranks, whose sizes differ by at most one. Every rank of a node may use an equal part of
 * the memory that is available before the first member begins. */
static void make_groups(sweep *s) {
  const heat_runtime *all = s->runtime;
  MPI_Comm comm;
  int most = (int)fmin(all->size, fmax(1, (double)s->count));
  if (s->groups > 0 && s->groups < most) most = s->groups;
  s->groups = most;
  MPI_Comm_split(all->comm, (int)((int64_t)all->rank * s->groups / all->size), all->rank, &comm);
  heat_runtime_create(&s->group, comm);
  const double share = (double)heat_node_ranks(comm) / heat_node_ranks(all->comm);
  if (s->groups > 1) s->member.memory = heat_node_memory() * share;
  MPI_Win_allocate(all->rank == 0 ? COUNTERS * (MPI_Aint)sizeof *s->counters : 0, sizeof *s->counters, MPI_INFO_NULL,
                   all->comm, &s->counters, &s->window);
  if (all->rank == 0) memset(s->counters, 0, COUNTERS * sizeof *s->counters);
  MPI_Barrier(all->comm);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, s->window);
  heat_runtime_say(s->runtime, "groups      %d of %d rank%s%s\n", s->groups, all->size / s->groups,
                   all->size / s->groups == 1 ? "" : "s", all->size % s->groups > 0 ? " or one more" : "");
}

/* Set the deadline, which rank 0 knows, and the file that stops all members. */
static heat_status watch_for_stops(sweep *s) {
  heat_stop *stop = &s->member.stop;
  heat_stop_set_deadline(stop, s->runtime->rank, s->runtime->started, s->options->walltime);
  double left = stop->deadline - MPI_Wtime();
  MPI_Bcast(&left, 1, MPI_DOUBLE, 0, s->runtime->comm);
  stop->deadline = MPI_Wtime() + left;
  stop->file[0] = '\0';
  return heat_directory_join(stop->sweep, sizeof stop->sweep, s->directory, "STOP");
}

/* Increase a counter by `by`, and return its previous value. Called by the first rank of a group. */
static int64_t add_to(sweep *s, int counter, int64_t by) {
  int64_t before = 0;
  MPI_Fetch_and_op(&by, &before, MPI_INT64_T, 0, counter, MPI_SUM, s->window);
  MPI_Win_flush(0, s->window);
  return before;
}

static int64_t count_up(sweep *s, int counter) {
  return add_to(s, counter, 1);
}

/* Take the next member for this group; -1: none is left, or all have to stop. Collective over the group. */
static int64_t take_member(sweep *s) {
  int reason = (int)s->reason;
  const int asked = (int)heat_stop_asked(&s->member.stop, s->group.rank, least_seconds);
  if (reason == HEAT_STOP_NONE) reason = asked;
  MPI_Allreduce(MPI_IN_PLACE, &reason, 1, MPI_INT, MPI_MAX, s->group.comm);
  s->reason = (heat_stop_reason)reason;
  if (reason != HEAT_STOP_NONE) return -1;
  int64_t place = s->group.rank == 0 ? count_up(s, NEXT) : 0;
  MPI_Bcast(&place, 1, MPI_INT64_T, 0, s->group.comm);
  return place < s->count ? s->list[place] : -1;
}

/* Print one line for a member that has ended. Called by the first rank of a group. */
static void tell(sweep *s, int64_t index, const heat_status *status, double seconds) {
  char name[HEAT_MEMBER_NAME], directory[HEAT_PATH];
  heat_member_state state = {.step = 0};
  const int64_t members = heat_members_count(s->config), ended = count_up(s, ENDED) + 1 + members - s->count;
  if (s->options->progress == HEAT_PROGRESS_NONE) return;
  heat_members_name(s->config, index, name);
  if (heat_member_directory(s->config, index, directory).code == HEAT_OK) heat_member_look(directory, &state);
  if (status->code == HEAT_OK)
    printf("%6lld/%lld  %s: done at step %lld, t = %.6g s, in %.3g s\n", (long long)ended, (long long)members, name,
           (long long)state.step, state.time, seconds);
  else if (status->code == HEAT_STOPPED)
    printf("%6s/%lld  %s: %s\n", "-", (long long)members, name, status->text);
  else
    printf("%6lld/%lld  %s: failed (%d): %s\n", (long long)ended, (long long)members, name, (int)status->code,
           status->text);
  fflush(stdout);
}

/* Count how a member has ended, the same on all ranks of the group. */
static void count_end(sweep *s, int64_t index, const heat_status *status) {
  tally *t = &s->tally;
  if (status->code == HEAT_STOPPED) {
    t->stopped++;
    if (s->member.reason != HEAT_STOP_FILE) s->reason = s->member.reason;
  } else if (status->code != HEAT_OK) {
    t->failed++;
    if (index < t->first) {
      t->first = index;
      t->failure = *status;
    }
  }
}

/* Tell the guard of this process to which file it has to write if the process hangs (see stall.h). */
static void note_hangs(const sweep *s, int64_t index) {
  char path[HEAT_PATH];
  const int length = snprintf(path, sizeof path, "%s/%s%lld", s->directory, hang_prefix, (long long)index);
  if (length > 0 && (size_t)length < sizeof path) setenv("HEAT2D_STALL_NOTE", path, 1);
}

static void run_member(sweep *s, int64_t index) {
  const MPI_Comm comm = s->group.comm;
  heat_options options = *s->options;
  const double start = MPI_Wtime();
  heat_runtime_destroy(&s->group);
  heat_runtime_create(&s->group, comm);
  s->group.quiet = true;
  s->member.index = index;
  s->member.reason = HEAT_STOP_NONE;
  options.member = &s->member;
  options.overwrite = false; /* old runs have been removed */
  options.progress = HEAT_PROGRESS_PLAIN;
  note_hangs(s, index);
  const heat_status status = heat_simulation_run(&s->group, &options);
  const bool failed = status.code != HEAT_OK && status.code != HEAT_STOPPED && status.code != HEAT_USAGE;
  if (failed && s->group.rank == 0) heat_member_record(&s->group, s->config, index, &status, false);
  count_end(s, index, &status);
  s->busy += MPI_Wtime() - start;
  if (s->group.rank == 0) tell(s, index, &status, MPI_Wtime() - start);
  if (s->runtime->rank == 0 && MPI_Wtime() - s->written > table_seconds) {
    heat_sweep_table_write(s->config, -1); /* a failure is reported when the table is written at the end */
    s->written = MPI_Wtime();
  }
}

/* Record in the directory of a member, and on the standard error, that it hangs. */
static void record_hang(const sweep *s, int64_t index, const char *path) {
  char text[HEAT_STATUS_TEXT] = "it hangs", name[HEAT_MEMBER_NAME];
  heat_runtime runtime;
  FILE *file = fopen(path, "r");
  if (file != NULL && fgets(text, sizeof text, file) == NULL) snprintf(text, sizeof text, "it hangs");
  if (file != NULL) fclose(file);
  const heat_status status = heat_fail(HEAT_IO, "%s", text);
  heat_members_name(s->config, index, name);
  heat_runtime_create(&runtime, MPI_COMM_SELF);
  runtime.quiet = true;
  heat_member_record(&runtime, s->config, index, &status, true);
  heat_runtime_destroy(&runtime);
  fprintf(stderr, "heat2d: %s: %s\n", name, status.text);
  unlink(path);
}

/* Wait until the other groups have no more to do. If some groups hang in calls that MPI cannot interrupt, all other
 * members are done at that time, and the rank that arrived first records the hanging members and ends the program.
 * Collective. */
static void await_groups(sweep *s) {
  const struct timespec pause = {.tv_nsec = 100000000};
  const int64_t place = s->group.rank == 0 ? count_up(s, ARRIVED) : 0;
  for (int64_t arrived = 0; s->group.rank == 0 && (arrived = add_to(s, ARRIVED, 0)) < s->groups;) {
    if (place == 0 && arrived + each_hang(s, NULL) >= s->groups) {
      each_hang(s, record_hang);
      heat_sweep_table_write(s->config, -1);
      fprintf(stderr, "heat2d: all other members have ended; go on with --resume\n");
      fflush(stderr);
      _exit(HEAT_IO);
    }
    nanosleep(&pause, NULL);
  }
  MPI_Barrier(s->runtime->comm);
}

/* Add up how the members of all groups have ended, and keep the message of the first one that failed. Collective. */
static void add_tallies(sweep *s) {
  const MPI_Comm comm = s->runtime->comm;
  tally *t = &s->tally;
  int64_t counts[] = {s->group.rank == 0 ? t->failed : 0, s->group.rank == 0 ? t->stopped : 0};
  struct {
    long first;
    int rank;
  } mine = {t->first < LONG_MAX ? (long)t->first : LONG_MAX, s->runtime->rank}, all;
  int reason = (int)s->reason;
  MPI_Allreduce(MPI_IN_PLACE, counts, 2, MPI_INT64_T, MPI_SUM, comm);
  MPI_Allreduce(&mine, &all, 1, MPI_LONG_INT, MPI_MINLOC, comm);
  MPI_Allreduce(MPI_IN_PLACE, &reason, 1, MPI_INT, MPI_MAX, comm);
  int code = (int)t->failure.code;
  MPI_Allreduce(MPI_IN_PLACE, &code, 1, MPI_INT, MPI_MAX, comm);
  MPI_Bcast(t->failure.text, HEAT_STATUS_TEXT, MPI_CHAR, all.rank, comm);
  double times[] = {s->busy, MPI_Wtime() - s->began};
  MPI_Allreduce(MPI_IN_PLACE, times, 2, MPI_DOUBLE, MPI_SUM, comm);
  heat_runtime_say(s->runtime, "ranks       had no member for %.1f%% of the time\n", 100 * (1 - times[0] / times[1]));
  t->failed = counts[0];
  t->stopped = counts[1];
  t->first = all.first;
  t->failure.code = (heat_code)code;
  s->reason = (heat_stop_reason)reason;
}

/* The status with which the sweep ends. */
static heat_status outcome(const sweep *s) {
  const tally *t = &s->tally;
  const int64_t members = heat_members_count(s->config);
  char name[HEAT_MEMBER_NAME] = "", failures[HEAT_STATUS_TEXT] = "";
  if (t->failed > 0) heat_members_name(s->config, t->first, name);
  if (t->failed > 0)
    snprintf(failures, sizeof failures, "%lld of %lld members failed, the first %s: %.700s", (long long)t->failed,
             (long long)members, name, t->failure.text);
  if (t->stopped > 0 || s->reason != HEAT_STOP_NONE)
    return heat_fail(HEAT_STOPPED, "the sweep was stopped by %s; go on with --resume%s%s",
                     heat_stop_text(s->reason != HEAT_STOP_NONE ? s->reason : HEAT_STOP_FILE),
                     t->failed > 0 ? "; " : "", failures);
  if (t->failed > 0) return heat_fail(t->failure.code, "%s: %s", s->options->deck, failures);
  return heat_ok();
}

static heat_status run_groups(sweep *s) {
  heat_status status = watch_for_stops(s);
  if (status.code != HEAT_OK) return status;
  make_groups(s);
  s->began = s->written = MPI_Wtime();
  for (int64_t index; (index = take_member(s)) >= 0;) run_member(s, index);
  await_groups(s);
  MPI_Win_unlock_all(s->window);
  MPI_Win_free(&s->window);
  add_tallies(s);
  if (s->runtime->rank == 0) {
    if (s->reason == HEAT_STOP_SWEEP) unlink(s->member.stop.sweep);
    status = heat_sweep_table_write(s->config, -1);
  }
  MPI_Comm comm = s->group.comm;
  heat_runtime_destroy(&s->group);
  MPI_Comm_free(&comm);
  return heat_first(heat_agree(s->runtime->comm, status), outcome(s));
}

heat_status heat_sweep_load(heat_config **config, heat_runtime *runtime, const heat_options *options) {
  heat_status status = heat_setup_load(config, runtime, options);
  if (status.code == HEAT_OK && heat_members_count(*config) == 0) {
    status = heat_config_fail(*config, "sweep", "missing (keys with their values: {KEY: [VALUE, ...], ...})");
    heat_config_destroy(*config);
    *config = NULL;
  }
  return status;
}

heat_status heat_sweep_run(heat_runtime *runtime, const heat_options *options, int groups) {
  sweep s = {
      .runtime = runtime, .options = options, .groups = groups, .lock = {.file = -1}, .tally = {.first = INT64_MAX}};
  heat_status status = heat_sweep_load(&s.config, runtime, options);
  if (status.code != HEAT_OK) return status;
  s.member.config = s.config;
  s.directory = heat_config_text(s.config, "output.directory");
  status = begin(&s);
  if (status.code == HEAT_OK && s.count > 0) status = run_groups(&s);
  heat_lock_release(&s.lock);
  free(s.list);
  heat_config_destroy(s.config);
  return status;
}

/* Write the row of one member, unless another process holds the lock of the table, which then writes all rows in the
 * end. */
static void write_row(const heat_config *config, int64_t index) {
  enum { ATTEMPTS = 100 };
  const struct timespec pause = {.tv_nsec = 100000000};
  char note[HEAT_STATUS_TEXT];
  for (int n = 0; n < ATTEMPTS; n++) {
    heat_lock lock = {.file = -1};
    if (heat_lock_take(&lock, heat_config_text(config, "output.directory"), false, note, sizeof note).code == HEAT_OK) {
      heat_sweep_table_write(config, index);
      heat_lock_release(&lock);
      return;
    }
    nanosleep(&pause, NULL);
  }
}

heat_status heat_sweep_run_one(heat_runtime *runtime, const heat_options *options, const heat_config *config,
                               int64_t index) {
  heat_member member = {.config = config, .index = index};
  heat_options own = *options;
  char name[HEAT_MEMBER_NAME];
  int done = runtime->rank == 0 && !options->overwrite && heat_member_done(config, index);
  MPI_Bcast(&done, 1, MPI_INT, 0, runtime->comm);
  heat_members_name(config, index, name);
  if (done && options->resume) {
    heat_runtime_say(runtime, "member      %lld, %s, is done\n", (long long)index + 1, name);
    return heat_ok();
  }
  heat_runtime_say(runtime, "member      %lld of %lld: %s\n", (long long)index + 1,
                   (long long)heat_members_count(config), name);
  own.member = &member;
  heat_stop_set_deadline(&member.stop, runtime->rank, runtime->started, options->walltime);
  const heat_status status = heat_simulation_run(runtime, &own);
  const bool failed = status.code != HEAT_OK && status.code != HEAT_STOPPED && status.code != HEAT_USAGE;
  if (failed && runtime->rank == 0) heat_member_record(runtime, config, index, &status, false);
  if (runtime->rank == 0) write_row(config, index);
  return heat_agree(runtime->comm, status);
}
