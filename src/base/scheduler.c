#include "heat2d/base/scheduler.h"

#include "heat2d/base/runtime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMAND = 512, LINE = 512 };

/* A job id becomes part of a shell command, so that it must consist of the characters of ids such as "1234.server" or
 * "1234[7].server" only. */
static bool is_job_id(const char *job) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-[]";
  enum { LONGEST = 200 };
  const size_t length = strlen(job);
  return length > 0 && length < LONGEST && strspn(job, letters) == length;
}

/* Run a command with a job's id as its operand. Its standard error is read together with its output. */
static FILE *ask(const char *asking, const char *job) {
  char command[COMMAND];
  snprintf(command, sizeof command, "timeout 10 %s '%s' </dev/null 2>&1", asking, job);
  return popen(command, "r");
}

/* Read a duration "HH:MM:SS", or one of fewer fields, behind `key` and " = " in a line. */
static bool read_duration(const char *line, const char *key, double *seconds) {
  const char *at = strstr(line, key);
  if (at == NULL) return false;
  at += strlen(key);
  if (strncmp(at, " = ", 3) != 0) return false;
  at += 3;
  double total = 0;
  for (;;) {
    char *end;
    const long field = strtol(at, &end, 10);
    if (end == at || field < 0) return false;
    total = total * 60 + (double)field;
    if (*end != ':') break;
    at = end + 1;
  }
  *seconds = total;
  return true;
}

/* Read the start of a job from a line such as "stime = Sun Nov 22 18:26:03 2026", which is in local time. */
static bool read_start(const char *line, int64_t *start) {
  static const char key[] = "stime = ";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  enum { NAME = 3, EPOCH_YEAR = 1900 };
  const char *at = strstr(line, key);
  if (at == NULL || (at > line && at[-1] != ' ' && at[-1] != '\t')) return false; /* not "mtime", "qtime" */
  char month[NAME + 1];
  struct tm when = {.tm_isdst = -1};
  if (sscanf(at + strlen(key), "%*3s %3s %d %d:%d:%d %d", month, &when.tm_mday, &when.tm_hour, &when.tm_min,
             &when.tm_sec, &when.tm_year) != 6)
    return false;
  const char *found = strstr(months, month);
  if (found == NULL || (found - months) % NAME != 0) return false;
  when.tm_mon = (int)((found - months) / NAME);
  when.tm_year -= EPOCH_YEAR;
  *start = (int64_t)mktime(&when);
  return *start >= 0;
}

bool heat_scheduler_parse(FILE *qstat, bool wall, int64_t now, double *seconds) {
  char line[LINE];
  double limit = -1, used = 0;
  int64_t start = -1;
  while (fgets(line, sizeof line, qstat) != NULL) {
    double value;
    if (read_duration(line, "Resource_List.walltime", &value)) limit = value;
    if (read_duration(line, "resources_used.walltime", &value)) used = value;
    int64_t when;
    if (read_start(line, &when)) start = when;
  }
  if (limit < 0) return false;
  if (wall && start >= 0 && (double)(now - start) > used) used = (double)(now - start);
  *seconds = limit - used;
  return true;
}

static bool pbs_remaining(bool wall, double *seconds) {
  const char *job = heat_job();
  FILE *qstat = is_job_id(job) ? ask("qstat -f", job) : NULL;
  if (qstat == NULL) return false;
  const bool found = heat_scheduler_parse(qstat, wall, (int64_t)time(NULL), seconds);
  pclose(qstat);
  return found;
}

/* Slurm tells a job when it will end, in seconds since the epoch. */
static bool slurm_remaining(double *seconds) {
  const char *text = getenv("SLURM_JOB_END_TIME");
  char *end;
  const double when = text != NULL ? strtod(text, &end) : 0;
  if (text == NULL || end == text || *end != '\0' || !(when > 0) || !isfinite(when)) return false;
  *seconds = when - (double)time(NULL);
  return true;
}

/* LSF prints "hours:minutes L" for a limit. Any other letter marks an estimate, which is not used. */
static bool lsf_remaining(double *seconds) {
  const char *job = getenv("LSB_JOBID"), *index = getenv("LSB_JOBINDEX");
  char id[LINE];
  if (job == NULL) return false;
  const bool in_array = index != NULL && strcmp(index, "0") != 0;
  snprintf(id, sizeof id, "%s%s%s%s", job, in_array ? "[" : "", in_array ? index : "", in_array ? "]" : "");
  FILE *bjobs = is_job_id(id) ? ask("bjobs -noheader -o time_left", id) : NULL;
  if (bjobs == NULL) return false;
  long hours, minutes;
  char kind;
  const double minute = 60, hour = 3600;
  const bool found = fscanf(bjobs, "%ld:%ld %c", &hours, &minutes, &kind) == 3 && kind == 'L';
  pclose(bjobs);
  if (found) *seconds = hour * (double)hours + minute * (double)minutes;
  return found;
}

/* Flux prints seconds, or a word if there is no limit. */
static bool flux_remaining(double *seconds) {
  if (getenv("FLUX_JOB_ID") == NULL) return false;
  FILE *flux = popen("timeout 10 flux job timeleft </dev/null 2>/dev/null", "r");
  if (flux == NULL) return false;
  double left;
  const bool found = fscanf(flux, "%lf", &left) == 1 && isfinite(left);
  pclose(flux);
  if (found) *seconds = left;
  return found;
}

bool heat_scheduler_remaining(bool wall, double *seconds) {
  return pbs_remaining(wall, seconds) || slurm_remaining(seconds) || lsf_remaining(seconds) || flux_remaining(seconds);
}

/* States of `qstat -f`. Jobs that have ended stay listed for a while with state F (PBS) or C (Torque, and Slurm's
 * qstat); members of an array that have ended have state X until the whole array has ended. */
static const struct {
  char letter;
  const char *word;
  bool ended;
} pbs_states[] = {{'Q', "queued", false},    {'H', "held", false},      {'W', "waiting", false},
                  {'T', "moving", false},    {'R', "running", false},   {'B', "running", false},
                  {'S', "suspended", false}, {'U', "suspended", false}, {'E', "ending", false},
                  {'M', "moving", false},    {'F', "ended", true},      {'C', "ended", true},
                  {'X', "ended", true}};

/* States of `squeue -o %T` and their words. A job that squeue does not list has ended. */
static const struct {
  const char *name, *word;
  bool ended;
} slurm_states[] = {
    {"PENDING", "queued", false},      {"RUNNING", "running", false},   {"SUSPENDED", "suspended", false},
    {"CONFIGURING", "running", false}, {"COMPLETING", "ending", false}, {"REQUEUED", "queued", false},
    {"REQUEUE_HOLD", "held", false},   {"PREEMPTED", "ended", true},    {"COMPLETED", "ended", true},
    {"CANCELLED", "ended", true},      {"FAILED", "ended", true},       {"TIMEOUT", "ended", true},
    {"NODE_FAIL", "ended", true},      {"OUT_OF_MEMORY", "ended", true}};

/* If a line of `qstat -f` gives the state of the job, set the word for that state and whether it means that the job has
 * ended. */
static void read_pbs_state(const char *line, const char **word, bool *ended) {
  static const char key[] = "job_state = ";
  const char *at = strstr(line, key);
  if (at == NULL) return;
  for (size_t n = 0; n < sizeof pbs_states / sizeof *pbs_states; n++) {
    if (at[strlen(key)] != pbs_states[n].letter) continue;
    *word = pbs_states[n].word;
    *ended = pbs_states[n].ended;
  }
}

/* Tell an answer that there is no such job from one that the server cannot be reached. */
static bool says_unknown(const char *line) {
  return strstr(line, "Unknown Job") != NULL || strstr(line, "Job has finished") != NULL ||
         strstr(line, "Invalid job id specified") != NULL;
}

/* Ask Slurm, for a site that has not installed Slurm's qstat. */
static heat_job_state ask_slurm(const char *job, const char **word) {
  FILE *squeue = ask("squeue -h -o %T -j", job);
  if (squeue == NULL) return HEAT_JOB_UNKNOWN;
  char line[LINE];
  bool listed = false, ended = false, unknown = false;
  while (fgets(line, sizeof line, squeue) != NULL) {
    unknown = unknown || says_unknown(line);
    line[strcspn(line, " \n")] = '\0';
    for (size_t n = 0; n < sizeof slurm_states / sizeof *slurm_states; n++) {
      if (strcmp(line, slurm_states[n].name) != 0) continue;
      *word = slurm_states[n].word;
      listed = true;
      ended = slurm_states[n].ended;
    }
  }
  const int result = pclose(squeue);
  const bool answered = WIFEXITED(result) && WEXITSTATUS(result) == 0;
  if (listed && !ended) return HEAT_JOB_PRESENT;
  if (!answered && !unknown) return HEAT_JOB_UNKNOWN;
  *word = "ended";
  return HEAT_JOB_GONE;
}

heat_job_state heat_scheduler_ask(const char *job, const char **word) {
  /* Exit codes of qstat: the lowest 8 bits of the server's error codes 15001 (unknown job) and 15139 (finished job). */
  enum { UNKNOWN_JOB = 15001 & 0xff, FINISHED_JOB = 15139 & 0xff, NO_SUCH_COMMAND = 127 };
  *word = "";
  FILE *qstat = is_job_id(job) ? ask("qstat -f", job) : NULL;
  if (qstat == NULL) return HEAT_JOB_UNKNOWN;
  char line[LINE];
  bool ended = false;
  while (fgets(line, sizeof line, qstat) != NULL) {
    read_pbs_state(line, word, &ended);
    if (says_unknown(line)) ended = true;
  }
  const int result = pclose(qstat), code = WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  if (code == NO_SUCH_COMMAND) return ask_slurm(job, word);
  if (ended || code == UNKNOWN_JOB || code == FINISHED_JOB) {
    *word = "ended";
    return HEAT_JOB_GONE;
  }
  /* Any other failure is a failure of the server or of the network, and says nothing about the job. */
  return code == 0 ? HEAT_JOB_PRESENT : HEAT_JOB_UNKNOWN;
}

heat_job_state heat_scheduler_job(const char *job) {
  const char *word;
  return heat_scheduler_ask(job, &word);
}
