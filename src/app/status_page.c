#include "status_page.h"

#include "heat2d/app/progress.h"
#include "heat2d/base/json.h"

#include <math.h>
#include <string.h>

static const double giga = 1e9;
enum { SHORT = 64, NOTE = 2048, DURATION = 32 };

static void put_percent(char text[SHORT], const heat_run_state *state) {
  if (isfinite(state->percent))
    snprintf(text, SHORT, "%.1f%%", state->percent);
  else
    snprintf(text, SHORT, "-");
}

static void put_step(char text[SHORT], const heat_run_state *state, const char *between) {
  if (state->step < 0)
    snprintf(text, SHORT, "-");
  else if (state->steps < 0)
    snprintf(text, SHORT, "%lld", (long long)state->step);
  else
    snprintf(text, SHORT, "%lld%s%lld", (long long)state->step, between, (long long)state->steps);
}

static void put_checkpoint(char text[SHORT], const heat_run_state *state) {
  char age[DURATION];
  heat_progress_duration(age, state->checkpoint_age);
  if (state->checkpoint < 0)
    snprintf(text, SHORT, "-");
  else
    snprintf(text, SHORT, "%lld, %s ago", (long long)state->checkpoint, age);
}

/* Write the note on a run: how long it has been silent, why it ended, and which job it belongs to. */
static void put_note(char text[NOTE], const heat_run_state *state) {
  text[0] = '\0';
  if (state->kind == HEAT_RUN_SILENT || state->kind == HEAT_RUN_KILLED)
    snprintf(text, NOTE, "silent for %.0f s", state->silent);
  else if (state->message[0] != '\0')
    snprintf(text, NOTE, "%s", state->message);
  else if (state->kind == HEAT_RUN_DONE && strcmp(state->reason, "the end") != 0)
    snprintf(text, NOTE, "%s", state->reason);
  const char *job = heat_run_goes_on(state) ? state->job : state->next_job;
  const char *word = heat_run_goes_on(state) ? state->job_state : state->next_state;
  const size_t used = strlen(text);
  if (job[0] != '\0')
    snprintf(text + used, NOTE - used, "%s%sjob %s%s%s%s", used > 0 ? "; " : "", heat_run_goes_on(state) ? "" : "next ",
             job, word[0] != '\0' ? " (" : "", word, word[0] != '\0' ? ")" : "");
}

void heat_status_block(FILE *out, const heat_run_state *state) {
  char text[SHORT], note[NOTE], eta[DURATION];
  put_percent(text, state);
  fprintf(out, "directory   %s\nstate       %s%s%s\n", state->directory, heat_run_word(state->kind),
          state->step >= 0 ? ", " : "", state->step >= 0 ? text : "");
  put_step(text, state, " of ");
  if (state->step >= 0) fprintf(out, "step        %s, t = %.6g s of %.6g s\n", text, state->time, state->end);
  if (state->step >= 0 && heat_run_goes_on(state)) {
    heat_progress_duration(eta, isfinite(state->eta) ? state->eta : -1);
    fprintf(out, "rate        %.3g Gcell/s on %d ranks, ETA %s\n", state->rate / giga, state->ranks, eta);
  }
  put_checkpoint(text, state);
  if (state->checkpoint >= 0) fprintf(out, "checkpoint  step %s\n", text);
  if (state->windows > 0) fprintf(out, "chain       window %d\n", state->windows);
  put_note(note, state);
  if (note[0] != '\0') fprintf(out, "note        %s\n", note);
  if (heat_run_goes_on(state) && state->host[0] != '\0') fprintf(out, "host        %s\n", state->host);
}

void heat_status_line(FILE *out, const heat_run_state *state) {
  char percent[SHORT], step[SHORT], checkpoint[SHORT], note[NOTE], eta[DURATION];
  put_percent(percent, state);
  put_step(step, state, "/");
  put_checkpoint(checkpoint, state);
  put_note(note, state);
  fprintf(out, "%s: %s", state->directory, heat_run_word(state->kind));
  if (state->step >= 0) fprintf(out, "  %s  step %s  t %.6g s", percent, step, state->time);
  if (state->step >= 0 && heat_run_goes_on(state)) {
    heat_progress_duration(eta, isfinite(state->eta) ? state->eta : -1);
    fprintf(out, "  %.3g Gcell/s  ETA %s", state->rate / giga, eta);
  }
  if (state->checkpoint >= 0) fprintf(out, "  checkpoint %s", checkpoint);
  fprintf(out, "%s%s\n", note[0] != '\0' ? "  " : "", note);
}

static int widest_directory(const heat_run_state *states, int count) {
  int widest = (int)strlen("directory");
  for (int n = 0; n < count; n++) {
    const int length = (int)strlen(states[n].directory);
    if (length > widest) widest = length;
  }
  return widest;
}

/* Print a line such as "24 runs: 20 done, 3 running, 1 killed". */
static void put_counts(FILE *out, const heat_run_state *states, int count) {
  fprintf(out, "%d runs:", count);
  const char *between = " ";
  for (int kind = HEAT_RUN_NONE; kind <= HEAT_RUN_FAILED; kind++) {
    int number = 0;
    for (int n = 0; n < count; n++) number += (int)states[n].kind == kind;
    if (number == 0) continue;
    fprintf(out, "%s%d %s", between, number, heat_run_word((heat_run_kind)kind));
    between = ", ";
  }
  fputc('\n', out);
}

void heat_status_table(FILE *out, const heat_run_state *states, int count) {
  const int width = widest_directory(states, count);
  fprintf(out, "%-*s  %-8s %7s  %-17s %10s  %9s  %-20s %s\n", width, "directory", "state", "done", "step", "t (s)",
          "ETA", "checkpoint", "note");
  for (int n = 0; n < count; n++) {
    const heat_run_state *state = &states[n];
    char percent[SHORT], step[SHORT], checkpoint[SHORT], note[NOTE], eta[DURATION] = "-", time[SHORT] = "-";
    put_percent(percent, state);
    put_step(step, state, "/");
    put_checkpoint(checkpoint, state);
    put_note(note, state);
    if (state->kind == HEAT_RUN_NONE) note[0] = '\0'; /* the columns of directory and state say it already */
    if (isfinite(state->eta)) heat_progress_duration(eta, state->eta);
    if (isfinite(state->time)) snprintf(time, sizeof time, "%.5g", state->time);
    fprintf(out, "%-*s  %-8s %7s  %-17s %10s  %9s  %-20s %s\n", width, state->directory, heat_run_word(state->kind),
            percent, step, time, eta, checkpoint, note);
  }
  put_counts(out, states, count);
}

static void put_text_member(FILE *out, const char *name, const char *text) {
  fprintf(out, ", \"%s\": ", name);
  if (text[0] != '\0')
    heat_json_text(out, text);
  else
    fprintf(out, "null");
}

static void put_number_member(FILE *out, const char *name, double number) {
  enum { DIGITS = 17 };
  fprintf(out, ", \"%s\": ", name);
  heat_json_number(out, number, DIGITS);
}

static double known(int64_t count) {
  return count >= 0 ? (double)count : NAN;
}

static void put_object(FILE *out, const heat_run_state *state) {
  const bool told = state->step >= 0, ended = told && !heat_run_goes_on(state);
  fprintf(out, "{\"directory\": ");
  heat_json_text(out, state->directory);
  put_text_member(out, "state", heat_run_word(state->kind));
  put_number_member(out, "exit", heat_run_code(state));
  put_number_member(out, "step", known(state->step));
  put_number_member(out, "steps", known(state->steps));
  put_number_member(out, "time", state->time);
  put_number_member(out, "end", state->end);
  put_number_member(out, "percent", state->percent);
  put_number_member(out, "rate", state->rate);
  put_number_member(out, "eta", state->eta);
  put_number_member(out, "silent", told ? state->silent : NAN);
  put_number_member(out, "code", ended && state->kind != HEAT_RUN_KILLED ? (double)state->code : NAN);
  put_text_member(out, "reason", state->reason);
  put_text_member(out, "message", state->message);
  put_number_member(out, "ranks", state->ranks > 0 ? (double)state->ranks : NAN);
  put_text_member(out, "host", state->host);
  put_text_member(out, "job", state->job);
  put_text_member(out, "job_state", state->job_state);
  put_number_member(out, "checkpoint", known(state->checkpoint));
  put_number_member(out, "checkpoint_age", state->checkpoint >= 0 ? state->checkpoint_age : NAN);
  put_number_member(out, "windows", state->windows > 0 ? (double)state->windows : NAN);
  put_text_member(out, "next_job", state->next_job);
  put_text_member(out, "next_job_state", state->next_state);
  fputc('}', out);
}

void heat_status_json(FILE *out, const heat_run_state *states, int count) {
  fprintf(out, "[");
  for (int n = 0; n < count; n++) {
    fprintf(out, n > 0 ? ",\n " : "\n ");
    put_object(out, &states[n]);
  }
  fprintf(out, "\n]\n");
}
