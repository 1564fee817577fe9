#include "run_state.h"

#include "heat2d/base/json.h"
#include "heat2d/base/scheduler.h"
#include "heat2d/io/directory.h"
#include "heat2d/io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* After this time, s, a lock of another host that was not renewed counts as abandoned. */
static const double no_beat_seconds = 60;
static const double silent_seconds = 10; /* shortest time before a run whose process exists is called silent */
static const double silent_ratio = 3;    /* and at least this multiple of the longest step or write so far */
static const double answer_seconds = 30; /* time for which an answer of the batch system is used */

struct heat_run_job {
  char id[HEAT_RUN_WORD];
  heat_job_state state;
  const char *word;
  double asked;
};

static double monotonic_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void heat_run_jobs_destroy(heat_run_jobs *jobs) {
  free(jobs->jobs);
  *jobs = (heat_run_jobs){0};
}

/* Find the state of a job, and ask the batch system only if there is no recent answer. */
static heat_job_state ask(heat_run_jobs *jobs, const char *id, const char **word) {
  const double now = monotonic_seconds();
  struct heat_run_job *job = NULL;
  *word = "";
  if (id[0] == '\0') return HEAT_JOB_UNKNOWN;
  for (int n = 0; n < jobs->count; n++)
    if (strcmp(jobs->jobs[n].id, id) == 0) job = &jobs->jobs[n];
  if (job == NULL) {
    struct heat_run_job *grown = realloc(jobs->jobs, (size_t)(jobs->count + 1) * sizeof *grown);
    if (grown == NULL) return HEAT_JOB_UNKNOWN;
    jobs->jobs = grown;
    job = &grown[jobs->count++];
    *job = (struct heat_run_job){.word = "", .asked = -INFINITY};
    snprintf(job->id, sizeof job->id, "%s", id);
  }
  if (now - job->asked > answer_seconds && now > jobs->silent_until) {
    job->state = heat_scheduler_ask(id, &job->word);
    job->asked = monotonic_seconds();
    if (job->state == HEAT_JOB_UNKNOWN) jobs->silent_until = job->asked + answer_seconds;
  }
  *word = job->word;
  return job->state;
}

/* Return the text of a small file in the directory, or the end of a large one, which has to be freed; NULL if there is
 * no file. *age is the time since it was written, s. */
static char *read_small(const char *directory, const char *name, double *age) {
  enum { MOST = 1 << 16 };
  char path[HEAT_PATH];
  struct stat info;
  if (heat_directory_join(path, sizeof path, directory, name).code != HEAT_OK) return NULL;
  const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  char *text = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) ? malloc(MOST + 1) : NULL;
  if (text != NULL) {
    const ssize_t length = pread(file, text, MOST, info.st_size > MOST ? info.st_size - MOST : 0);
    text[length > 0 ? length : 0] = '\0';
    *age = fmax(0, difftime(time(NULL), info.st_mtime));
  }
  if (file >= 0) close(file);
  return text;
}

/* Return a number of status.json; `otherwise` if it is null or missing. */
static double read_number(const char *text, const char *name, double otherwise) {
  char value[64], *end;
  if (!heat_json_member(text, name, value, sizeof value)) return otherwise;
  const double number = strtod(value, &end);
  return end != value && *end == '\0' ? number : otherwise;
}

static void read_progress(heat_run_state *state, const char *text) {
  state->step = (int64_t)read_number(text, "step", -1);
  state->steps = (int64_t)read_number(text, "steps", -1);
  state->time = read_number(text, "time", NAN);
  state->end = read_number(text, "end", NAN);
  state->percent = read_number(text, "percent", NAN);
  state->rate = read_number(text, "rate", NAN);
  state->eta = read_number(text, "eta", NAN);
  state->code = (int)read_number(text, "code", 0);
  state->ranks = (int)read_number(text, "ranks", 0);
  heat_json_member(text, "reason", state->reason, sizeof state->reason);
  heat_json_member(text, "message", state->message, sizeof state->message);
  heat_json_member(text, "host", state->host, sizeof state->host);
  heat_json_member(text, "job", state->job, sizeof state->job);
}

static void find_checkpoint(heat_run_state *state) {
  char name[64], path[HEAT_PATH];
  int64_t *steps;
  int count;
  struct stat info;
  const heat_status status = heat_directory_steps(state->directory, "checkpoint-", ".h5", &steps, &count);
  if (status.code == HEAT_OK && count > 0) {
    heat_directory_step_name(name, sizeof name, "checkpoint-", steps[count - 1], ".h5");
    if (heat_directory_join(path, sizeof path, state->directory, name).code == HEAT_OK && lstat(path, &info) == 0) {
      state->checkpoint = steps[count - 1];
      state->checkpoint_age = fmax(0, difftime(time(NULL), info.st_mtime));
    }
  }
  free(steps);
}

/* Read the last line of chain.csv: window,job,hosts,from_step,to_step,exit,why,start,end,next,... */
static void read_chain(heat_run_state *state) {
  enum { NEXT = 9 };
  double age;
  char *text = read_small(state->directory, "chain.csv", &age);
  if (text == NULL) return;
  size_t length = strlen(text);
  while (length > 0 && text[length - 1] == '\n') text[--length] = '\0';
  const char *line = strrchr(text, '\n'), *field = line;
  state->windows = line != NULL ? atoi(line + 1) : 0;
  for (int n = 0; n < NEXT && field != NULL; n++) {
    field = strchr(field + 1, ',');
  }
  if (field != NULL) snprintf(state->next_job, sizeof state->next_job, "%.*s", (int)strcspn(field + 1, ","), field + 1);
  free(text);
}

/* Whether the process that holds the lock may exist: it does, or it is on another host and has renewed the lock
 * recently. */
static bool may_live(const heat_lock_view *lock) {
  return lock->held || (lock->there && !lock->here && lock->age < no_beat_seconds);
}

/* Judge the state of a run whose status.json says that it is running. */
static heat_run_kind judge_running(heat_run_state *state, const heat_lock_view *lock, double slowest,
                                   heat_run_jobs *jobs) {
  const heat_job_state job = ask(jobs, state->job, &state->job_state);
  if (!may_live(lock)) {
    const bool unproven = lock->there && !lock->here && job == HEAT_JOB_PRESENT;
    return unproven ? HEAT_RUN_SILENT : HEAT_RUN_KILLED;
  }
  if (!lock->held && job == HEAT_JOB_GONE) return HEAT_RUN_KILLED;
  return state->silent > fmax(silent_seconds, silent_ratio * slowest) ? HEAT_RUN_SILENT : HEAT_RUN_RUNNING;
}

static heat_run_kind judge(heat_run_state *state, const char *text, heat_run_jobs *jobs) {
  char word[32];
  const heat_lock_view lock = heat_lock_look(state->directory);
  const bool lives = may_live(&lock), told = text != NULL && heat_json_member(text, "state", word, sizeof word);
  const long pid = told ? (long)read_number(text, "pid", 0) : 0;
  if (told && strcmp(word, "running") == 0)
    return judge_running(state, &lock, fmax(0, read_number(text, "slowest", 0)), jobs);
  if (lives && (!told || lock.pid != pid || strcmp(lock.host, state->host) != 0)) {
    snprintf(state->host, sizeof state->host, "%s", lock.host);
    snprintf(state->job, sizeof state->job, "%s", lock.job);
    ask(jobs, state->job, &state->job_state);
    return HEAT_RUN_STARTING;
  }
  if (!told) return HEAT_RUN_NONE;
  if (strcmp(word, "done") == 0) return HEAT_RUN_DONE;
  if (strcmp(word, "stopped") != 0) return HEAT_RUN_FAILED;
  ask(jobs, state->next_job, &state->next_state);
  return HEAT_RUN_STOPPED;
}

static void explain_none(heat_run_state *state) {
  struct stat info;
  const char *what = "holds no run";
  if (stat(state->directory, &info) != 0)
    what = errno == ENOENT ? "does not exist" : strerror(errno);
  else if (!S_ISDIR(info.st_mode))
    what = "is not a directory";
  else if (access(state->directory, R_OK | X_OK) != 0)
    what = "cannot be read";
  snprintf(state->message, sizeof state->message, "%.900s: %s", state->directory, what);
}

heat_run_state heat_run_look(const char *directory, heat_run_jobs *jobs) {
  heat_run_state state = {.directory = directory,
                          .step = -1,
                          .steps = -1,
                          .time = NAN,
                          .end = NAN,
                          .percent = NAN,
                          .rate = NAN,
                          .eta = NAN,
                          .job_state = "",
                          .checkpoint = -1,
                          .next_state = ""};
  char *text = read_small(directory, "status.json", &state.silent);
  if (text != NULL) read_progress(&state, text);
  read_chain(&state);
  state.kind = judge(&state, text, jobs);
  free(text);
  if (state.kind == HEAT_RUN_NONE)
    explain_none(&state);
  else
    find_checkpoint(&state);
  if (state.kind != HEAT_RUN_RUNNING) state.eta = NAN;
  if (isfinite(state.eta)) state.eta = fmax(0, state.eta - state.silent);
  return state;
}

const char *heat_run_word(heat_run_kind kind) {
  static const char *const words[] = {
      [HEAT_RUN_NONE] = "no run",     [HEAT_RUN_STARTING] = "starting", [HEAT_RUN_RUNNING] = "running",
      [HEAT_RUN_SILENT] = "silent",   [HEAT_RUN_KILLED] = "killed",     [HEAT_RUN_DONE] = "done",
      [HEAT_RUN_STOPPED] = "stopped", [HEAT_RUN_FAILED] = "failed"};
  return words[kind];
}

bool heat_run_goes_on(const heat_run_state *state) {
  return state->kind == HEAT_RUN_STARTING || state->kind == HEAT_RUN_RUNNING || state->kind == HEAT_RUN_SILENT;
}

heat_code heat_run_code(const heat_run_state *state) {
  switch (state->kind) {
  case HEAT_RUN_NONE:
    return HEAT_DECK;
  case HEAT_RUN_DONE:
    return HEAT_OK;
  case HEAT_RUN_STOPPED:
  case HEAT_RUN_KILLED:
    return HEAT_STOPPED;
  case HEAT_RUN_FAILED:
    return state->code > 0 ? (heat_code)state->code : HEAT_IO;
  default:
    return HEAT_DIFFERENT;
  }
}
