#include "schedule.h"

#include <limits.h>
#include <string.h>

typedef unsigned field_set; /* bit f: field f */

static field_set set_of(int field) {
  return 1u << field;
}

static int size_of(field_set set) {
  int size = 0;
  for (; set != 0; set &= set - 1) size++;
  return size;
}

static field_set read_by(const heat_stage *stage) {
  field_set set = stage->c != 0 ? set_of(stage->u) : 0;
  for (int n = 0; n < stage->terms; n++) set |= set_of(stage->term[n].field);
  return set;
}

/* The schedule while it is being computed. */
typedef struct planning {
  const heat_schedule_input *input;
  field_set bands;
  field_set live[HEAT_STAGES_MAX + 1]; /* fields whose value before that stage is read by it or by a later one */
  int exchanges[HEAT_STAGES_MAX + 1];  /* indices of the stages before which there is an exchange, ascending */
  int exchange_count;
} planning;

/* Find the fields whose value before each stage is read by that stage or by a later one, or after the list: those in
 * `after`. */
static void find_live(const heat_schedule_input *input, field_set after, field_set live[HEAT_STAGES_MAX + 1]) {
  live[input->count] = after;
  for (int k = input->count - 1; k >= 0; k--)
    live[k] = (live[k + 1] & ~set_of(input->stages[k].out)) | read_by(&input->stages[k]);
}

static bool may_end(const planning *p, int position) {
  return (p->live[position] & p->bands) == 0;
}

/* Go through the stages [from, to), and update the number of valid ghost layers of each field in `valid`. Returns the
 * first stage for which the layers are too few, or `to`. The number of layers that each stage computes is stored in
 * `grow`, unless that is NULL. */
static int go_through(const heat_schedule_input *input, int from, int to, int valid[HEAT_STAGE_FIELDS], int64_t *grow) {
  for (int k = from; k < to; k++) {
    const heat_stage *stage = &input->stages[k];
    int layers = input->depth;
    if (stage->c != 0 && valid[stage->u] - 1 < layers) layers = valid[stage->u] - 1;
    for (int n = 0; n < stage->terms; n++)
      if (valid[stage->term[n].field] < layers) layers = valid[stage->term[n].field];
    if (layers < 0) return k;
    valid[stage->out] = layers;
    if (grow != NULL) grow[k] = layers;
  }
  return to;
}

/* The first stage that needs another exchange when there is one before stage `from`, or none at all at from < 0. */
static int reach(const planning *p, int from) {
  int valid[HEAT_STAGE_FIELDS];
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++) valid[f] = from < 0 ? p->input->valid[f] : p->input->depth;
  return go_through(p->input, from < 0 ? 0 : from, p->input->count, valid, NULL);
}

/* Place each exchange as late as possible. This gives the smallest number of exchanges, since the later of two possible
 * exchanges always serves at least as many further stages. False when an exchange is needed where a band is live; then
 * `bands` has lost at least one band. */
static bool exchange_late(planning *p) {
  p->exchange_count = 0;
  for (int at = -1, end = reach(p, at); end < p->input->count; end = reach(p, at)) {
    int place = end;
    while (place > at && !(place >= 0 && may_end(p, place))) place--;
    if (place <= at) {
      p->bands &= ~p->live[end];
      return false;
    }
    at = p->exchanges[p->exchange_count++] = place;
  }
  return true;
}

/* Move the exchanges, whose number stays the same, to places where they have fewer fields. This is dynamic programming
 * from the end of the list: for an exchange before each stage the best exchanges after it are found. It works because
 * after an exchange nothing that was before it matters. */
static void exchange_where_few_are_live(planning *p) {
  const int count = p->input->count, never = INT_MAX / 2;
  int number[HEAT_STAGES_MAX + 1], fields[HEAT_STAGES_MAX + 1], next[HEAT_STAGES_MAX + 1];
  for (int at = count - 1; at >= -1; at--) {
    const int end = reach(p, at);
    int best_number = end == count ? 0 : never, best_fields = 0, best = count;
    for (int place = at < 0 ? 0 : at + 1; place <= end && end < count; place++) {
      const int more = number[place] + 1, all = fields[place] + size_of(p->live[place]);
      if (!may_end(p, place) || more > best_number || (more == best_number && all > best_fields && best < count))
        continue;
      best_number = more;
      best_fields = all;
      best = place;
    }
    if (at < 0) {
      p->exchange_count = 0;
      for (int place = best; place < count; place = next[place]) p->exchanges[p->exchange_count++] = place;
      return;
    }
    number[at] = best_number;
    fields[at] = best_fields;
    next[at] = best;
  }
}

/* The number of stages of a pass for which all bands have enough rows: the rows that these stages still read, and one
 * above. */
enum { BAND_RIM = 3 };
static int longest_pass(const planning *p) {
  int longest = HEAT_STAGES_MAX;
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if ((p->bands & set_of(f)) != 0 && p->input->rows[f] - BAND_RIM < longest) longest = p->input->rows[f] - BAND_RIM;
  return longest;
}

/* Whether there are at most so many stages between two places where a pass may end. If not, `bands` has lost at least
 * one band, and the caller tries again. */
static bool passes_fit(planning *p) {
  const int longest = longest_pass(p);
  for (int last = 0, k = 1; k <= p->input->count; k++) {
    if (may_end(p, k)) {
      last = k;
    } else if (k - last == longest) { /* the next one would be one too many */
      p->bands &= ~p->live[k];
      return false;
    }
  }
  return true;
}

/* All bands but those that have too few rows even for one stage, and those whose value from before the list is read. */
static field_set usable_bands(const planning *p) {
  field_set bands = 0;
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if (p->input->rows[f] > BAND_RIM) bands |= set_of(f);
  return bands & ~p->live[0];
}

/* Fill in how many layers each stage computes and which fields are refreshed, now that the exchanges are placed. */
static void fill_in(const planning *p, heat_schedule *schedule) {
  const heat_schedule_input *input = p->input;
  int valid[HEAT_STAGE_FIELDS], from = 0;
  memcpy(valid, input->valid, sizeof valid);
  for (int n = 0; n < p->exchange_count; n++) {
    const int place = p->exchanges[n];
    go_through(input, from, place, valid, schedule->grow);
    for (int f = 0; f < HEAT_STAGE_FIELDS; f++) {
      if ((p->live[place] & set_of(f)) == 0 || valid[f] == input->depth) continue;
      schedule->refresh[place] |= set_of(f);
      valid[f] = input->depth;
    }
    from = place;
  }
  go_through(input, from, input->count, valid, schedule->grow);
}

heat_schedule heat_schedule_make(const heat_schedule_input *input) {
  heat_schedule schedule = {.widen = 0};
  planning p = {.input = input};
  field_set results = ~input->passing;
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if (input->rows[f] > 0) results &= ~set_of(f);
  find_live(input, 0, p.live);
  find_live(input, results, schedule.needed);
  p.bands = usable_bands(&p);
  while (!passes_fit(&p) || (input->needs_exchange && !exchange_late(&p))) continue;
  int most_live = 0;
  for (int k = 0; k < input->count; k++)
    if (size_of(p.live[k]) > most_live) most_live = size_of(p.live[k]);
  if (p.exchange_count > 0 && most_live > 1) exchange_where_few_are_live(&p);
  if (input->needs_exchange) fill_in(&p, &schedule);
  for (int f = 0; f < HEAT_STAGE_FIELDS; f++)
    if (input->rows[f] > 0 && (p.bands & set_of(f)) == 0) schedule.widen |= set_of(f);
  schedule.longest = longest_pass(&p);
  for (int k = 0; k <= input->count; k++) schedule.may_end[k] = may_end(&p, k);
  return schedule;
}
