#include "heat2d/scheduler.h"

#include "heat2d/runtime.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { COMMAND = 512, LINE = 512, NOT_FOUND = 127, TIMED_OUT = 124 };

/* A job id goes into a shell command: only what ids are made of, "1234.server" or "1234[7].server". */
static bool is_job_id(const char *job) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-[]";
  enum { LONGEST = 200 };
  const size_t length = strlen(job);
  return length > 0 && length < LONGEST && strspn(job, letters) == length;
}

/* Run qstat; a shell is always there, and says 127 when there is no qstat. */
static FILE *ask(const char *options, const char *job) {
  char command[COMMAND];
  snprintf(command, sizeof command, "timeout 10 qstat %s '%s' </dev/null 2>/dev/null", options, job);
  return popen(command, "r");
}

/* "HH:MM:SS" (or fewer fields) after `key` and " = " in a line. */
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

/* "stime = Sun Nov 22 18:26:03 2026" in local time. */
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

bool heat_scheduler_remaining(bool wall, double *seconds) {
  const char *job = heat_job();
  FILE *qstat = is_job_id(job) ? ask("-f", job) : NULL;
  if (qstat == NULL) return false;
  const bool found = heat_scheduler_parse(qstat, wall, (int64_t)time(NULL), seconds);
  pclose(qstat);
  return found;
}

heat_job_state heat_scheduler_job(const char *job) {
  FILE *qstat = is_job_id(job) ? ask("-f", job) : NULL;
  if (qstat == NULL) return HEAT_JOB_UNKNOWN;
  char line[LINE];
  bool ended = false; /* jobs that have ended stay listed for a while */
  while (fgets(line, sizeof line, qstat) != NULL)
    ended = ended || strstr(line, "job_state = F") != NULL || strstr(line, "job_state = C") != NULL;
  const int result = pclose(qstat);
  if (ended) return HEAT_JOB_GONE;
  if (!WIFEXITED(result) || WEXITSTATUS(result) == NOT_FOUND || WEXITSTATUS(result) == TIMED_OUT)
    return HEAT_JOB_UNKNOWN;
  return WEXITSTATUS(result) == 0 ? HEAT_JOB_PRESENT : HEAT_JOB_GONE;
}
