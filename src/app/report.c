#include "report.h"

#include "heat2d/app/plan.h"
#include "heat2d/io/transport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Control characters, which may be commands for a terminal, become blanks. */
static void make_plain(char *text) {
  enum { DELETE = 0x7f, LEAD = 0xc2, C1_END = 0xa0 }; /* U+0080 to U+009F are two bytes of UTF-8 each */
  for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
    const bool wide = *c == LEAD && c[1] != '\0' && c[1] < C1_END;
    if (wide || *c < ' ' || *c == DELETE) *c = ' ';
    if (wide) *++c = ' ';
  }
}

void heat_report_version(heat_runtime *runtime, const heat_config *config) {
  enum { TITLE = 1024 };
  char stamp[32], title[TITLE];
  heat_timestamp(stamp);
  snprintf(title, sizeof title, "%s", heat_config_text(config, "title"));
  make_plain(title);
  heat_runtime_say(runtime, "heat2d %s, %s%s%s\n", heat_version(), stamp, title[0] != '\0' ? ": " : "", title);
}

enum { CHOICE_TEXT = 512 };

/* Print whether pictures do not have the aspect ratio of the field. */
static void say_pictures(heat_runtime *runtime, const heat_outputs_summary *written) {
  const double stretch = written->stretch, shown = 1.1;
  if (stretch > shown || stretch < 1 / shown)
    heat_runtime_say(
        runtime,
        "pictures    %d x %d pixels of field, drawn %.4g times as high as its true shape, so that it can be seen\n",
        written->pixels[HEAT_X], written->pixels[HEAT_Y], stretch);
}

static void say_resumed(heat_runtime *runtime, const heat_resume *resume, const heat_state *state) {
  if (!heat_resume_found(resume)) return;
  heat_runtime_say(runtime, "resumed     from %s at step %lld, t = %.6g s\n", heat_resume_path(resume),
                   (long long)state->step, state->time);
  if (heat_resume_inputs_unknown(resume))
    heat_runtime_say(runtime, "warning     that checkpoint is of an older version and keeps no digests of the "
                              "field files: whether they still hold the same numbers is not known\n");
}

static long long smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* Print the transport of files, and which MPI-IO is used. */
static void say_transport(const heat_report *report) {
  const heat_setup *setup = report->setup;
  char about[256], hints[512] = "";
  const char *name, *text;
  const heat_transport *transport = setup->way.transport;
  if (transport->meaning != NULL) {
    heat_runtime_say(report->runtime, "transport   %s: %s\n", transport->name, transport->meaning);
    return;
  }
  heat_mpio_describe(setup->way.hints, about, sizeof about);
  for (int n = 0; heat_config_hint(setup->config, "output.hints", n, &name, &text); n++) {
    const size_t used = strlen(hints);
    snprintf(hints + used, sizeof hints - used, "%s%s=%s", used == 0 ? "; hints " : " ", name, text);
  }
  heat_runtime_say(report->runtime, "transport   %s (%s%s)%s%s%s\n", transport->name, about, hints,
                   report->copies ? "; " : "", report->copies ? setup->way.behind->name : "",
                   report->copies ? " for checkpoints behind the steps" : "");
}

void heat_report_hints(const heat_report *report) {
  heat_mpio_record *record = report->setup->way.record;
  if (record == NULL || !record->noted || record->told) return;
  record->told = true;
  char writers[128];
  heat_mpio_writers(&report->setup->way, writers, sizeof writers);
  heat_runtime_say(report->runtime, "mpi-io      %s; hints in force: %s\n", writers,
                   record->hints[0] != '\0' ? record->hints : "none that MPI tells");
}

void heat_report_start(const heat_report *report, const heat_clock *clock, const heat_state *state) {
  const heat_setup *setup = report->setup;
  const heat_plan plan = {.problem = &setup->problem,
                          .grid = &setup->grid,
                          .method = setup->method,
                          .clock = *clock,
                          .limits = heat_method_limits(setup->method, heat_operator_bounds(report->op)),
                          .depth = setup->depth,
                          .threads = setup->threads,
                          .ranks = report->runtime->size,
                          .copies = report->copies};
  char *text = heat_plan_text(&plan);
  if (text != NULL) heat_runtime_say(report->runtime, "%s", text);
  free(text);
  char choice[CHOICE_TEXT];
  heat_setup_describe_choice(setup, choice, sizeof choice);
  if (choice[0] != '\0') heat_runtime_say(report->runtime, "%s\n", choice);
  say_transport(report);
  const heat_outputs_summary written = heat_outputs_summarize(report->outputs);
  say_pictures(report->runtime, &written);
  say_resumed(report->runtime, report->resume, state);
}

/* Print the speed of explicit stages, and the tiles. */
static void say_speed(const heat_report *report) {
  heat_runtime *runtime = report->runtime;
  const double giga = 1e9, updates = (double)heat_box_cells(report->setup->grid.domain) * (double)report->total.stages;
  double stencil = runtime->spent[HEAT_STENCIL] + runtime->spent[HEAT_HALO];
  MPI_Allreduce(MPI_IN_PLACE, &stencil, 1, MPI_DOUBLE, MPI_MAX, runtime->comm);
  if (stencil > 0 && updates > 0)
    heat_runtime_say(runtime, "throughput  %.4g Gcell/s in stencil and halo\n", updates / stencil / giga);
  bool chosen;
  const heat_tile tile = heat_sequence_tile(&report->op->sequence, &chosen);
  const heat_box block = report->setup->grid.owned;
  double cost = heat_sequence_trial_cost(&report->op->sequence);
  MPI_Allreduce(MPI_IN_PLACE, &cost, 1, MPI_DOUBLE, MPI_MAX, runtime->comm);
  char tried[64] = "";
  if (cost > 0) snprintf(tried, sizeof tried, "; trying cost %.2g s", cost);
  heat_runtime_say(runtime, "tiles       %lld x %lld cells through %d stages (%s%s)\n",
                   smaller(tile.columns, heat_box_width(block, HEAT_X)),
                   smaller(tile.rows, heat_box_width(block, HEAT_Y)), tile.stages,
                   report->setup->tile[HEAT_X] > 0 ? "as the deck says"
                   : chosen                        ? "the fastest that were tried"
                                                   : "too few steps to try all",
                   tried);
}

/* Print the numbers of steps, solves and iterations. */
static void say_solves(const heat_report *report) {
  const heat_advance *total = &report->total;
  if (!heat_setup_steady(report->setup))
    heat_runtime_say(report->runtime, "steps       %lld taken, %lld rejected\n", (long long)total->taken,
                     (long long)total->rejected);
  if (total->solves > 0)
    heat_runtime_say(report->runtime, "solves      %lld, %.1f iterations each\n", (long long)total->solves,
                     (double)total->iterations / (double)total->solves);
}

static void say_checkpoints(const heat_report *report) {
  const heat_saver_totals saves = heat_saver_spent(report->saver);
  const double mega = 1e6, bytes = (double)heat_box_cells(report->setup->grid.domain) * sizeof(double);
  const double *seconds = saves.times.seconds;
  if (saves.count == 0) return;
  heat_runtime_say(report->runtime, "checkpoints %d, %.4g MB/s each:", saves.count,
                   saves.count * bytes / mega / saves.seconds);
  for (int phase = 0; phase < HEAT_H5_PHASES; phase++) {
    const double rate = seconds[phase] > 0 ? saves.count * bytes / mega / seconds[phase] : 0;
    heat_runtime_say(report->runtime, "%s %s %.3g s (%.4g MB/s)", phase > 0 ? "," : "", heat_h5_phase_names[phase],
                     seconds[phase], rate);
  }
  heat_runtime_say(report->runtime, "; the steps waited %.3g s\n", saves.waited);
}

static void say_energy(heat_runtime *runtime, heat_energy energy, double balance) {
  const double rounding = 1e-12, conspicuous = 1e-9;
  char heat[64] = "0 J/m up to rounding";
  if (!isfinite(energy.heat)) return; /* no row was written, since nothing was left to do */
  if (fabs(energy.heat) > rounding * energy.size) snprintf(heat, sizeof heat, "%.9g J/m", energy.heat);
  if (fabs(balance) <= conspicuous)
    heat_runtime_say(runtime, "energy      %s; sides and sources account for all changes\n", heat);
  else
    heat_runtime_say(runtime, "energy      %s, of which sides and sources leave unexplained %.2g\n", heat, balance);
}

static void say_files(const heat_report *report, const heat_outputs_summary *written) {
  heat_runtime *runtime = report->runtime;
  const char *newest = heat_saver_path(report->saver), *directory = report->directory;
  heat_runtime_say(runtime, "files       %s\n", newest[0] != '\0' ? newest : directory);
  if (written->snapshots > 0)
    heat_runtime_say(runtime, "            %s/run.xdmf (%lld snapshots)\n", directory, (long long)written->snapshots);
  if (written->frames > 0)
    heat_runtime_say(runtime, "            %s/frame-*.png (%lld new)\n", directory, (long long)written->frames);
}

void heat_report_end(const heat_report *report) {
  heat_report_hints(report);
  heat_runtime_report(report->runtime);
  if (report->setup->method->step != NULL || report->setup->adapts) say_solves(report);
  if (report->setup->method->step == NULL) say_speed(report);
  say_checkpoints(report);
  const heat_outputs_summary written = heat_outputs_summarize(report->outputs);
  say_energy(report->runtime, written.energy, written.balance);
  say_files(report, &written);
}
