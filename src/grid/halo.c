#include "heat2d/grid/halo.h"

#include "heat2d/base/tags.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct copy {
  heat_box box;             /* in the indices of the receiver */
  int64_t shift[HEAT_AXES]; /* the sender's cell is box - shift */
} copy;

typedef struct copy_list {
  copy *copies;
  int count;
  int64_t cells;
  bool no_memory;
} copy_list;

typedef struct message {
  int rank;
  unsigned beyond; /* the sides beyond which all its cells lie: bit s for side s */
  bool arrived;    /* it has arrived in the present exchange */
  copy_list list;
  char *buffer;
  void *bound; /* memory and number of values of the request for an exchange of one field */
  int bound_values;
} message;

enum { SEND, RECEIVE, WAYS };

struct heat_halo {
  MPI_Comm comm; /* borrowed */
  int fields;    /* largest number in one exchange */
  int active;    /* number in the present or the last exchange */
  size_t value;  /* bytes of one value */
  MPI_Datatype type;
  heat_box owned;
  heat_rows *rows; /* of the fields in the present exchange */
  copy_list self;
  int count[WAYS];
  message *messages[WAYS];
  char *buffer;
  MPI_Request **requests; /* for exchanges of 1 to `fields` fields: receives, then sends; NULL until needed */
  bool quiet;             /* all requests that were started are complete */
  /* If rows are not divided among ranks: the number of values from one row to the next. A message of one field and one
   * block then consists of its rows as they are in memory, together with the values between them. 0: all messages are
   * packed. */
  ptrdiff_t stride;
  bool in_rows; /* the present exchange has such messages */
  bool held;    /* and they are sent without a copy */
};

static void add_copy(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  copy_list *list = context;
  copy *grown = realloc(list->copies, (size_t)(list->count + 1) * sizeof *grown);
  if (grown == NULL) {
    list->no_memory = true;
    return;
  }
  list->copies = grown;
  grown[list->count++] = (copy){piece, {shift[HEAT_X], shift[HEAT_Y]}};
  list->cells += heat_box_cells(piece);
}

static void add_foreign_copy(heat_box piece, const int64_t shift[HEAT_AXES], void *context) {
  if (shift[HEAT_X] != 0 || shift[HEAT_Y] != 0) add_copy(piece, shift, context);
}

/* List the cells of rank `from` that rank `to` needs. Sender and receiver list the same pieces in the same order. */
static copy_list list_copies(const heat_grid *grid, int from, int to, int depth) {
  copy_list list = {0};
  const heat_box source = heat_layout_box(&grid->layout, from);
  const heat_box target = heat_grid_grown(grid, heat_layout_box(&grid->layout, to), depth);
  heat_layout_images(&grid->layout, source, target, from == to ? add_foreign_copy : add_copy, &list);
  return list;
}

static bool add_message(heat_halo *halo, int way, int rank, copy_list list) {
  message *grown = realloc(halo->messages[way], (size_t)(halo->count[way] + 1) * sizeof *grown);
  if (grown == NULL) {
    free(list.copies);
    return false;
  }
  halo->messages[way] = grown;
  grown[halo->count[way]++] = (message){.rank = rank, .list = list};
  return !list.no_memory;
}

/* Plan the messages with each rank whose block is near enough. Their number does not grow with the number of ranks. */
static bool plan(heat_halo *halo, const heat_grid *grid, int depth) {
  const heat_box reach = heat_box_grow(grid->owned, depth);
  const heat_blocks x = heat_layout_blocks(&grid->layout, HEAT_X, reach.lo[HEAT_X], reach.hi[HEAT_X]);
  const heat_blocks y = heat_layout_blocks(&grid->layout, HEAT_Y, reach.lo[HEAT_Y], reach.hi[HEAT_Y]);
  halo->self = list_copies(grid, grid->rank, grid->rank, depth);
  bool good = !halo->self.no_memory;
  for (int n = 0; n < x.count * y.count; n++) {
    const int rank = heat_layout_rank(&grid->layout, x, n % x.count, y, n / x.count);
    if (rank == grid->rank) continue;
    const copy_list lists[WAYS] = {
        [SEND] = list_copies(grid, grid->rank, rank, depth), [RECEIVE] = list_copies(grid, rank, grid->rank, depth)};
    for (int way = 0; way < WAYS; way++)
      if (lists[way].count > 0 || lists[way].no_memory) good = add_message(halo, way, rank, lists[way]) && good;
  }
  return good;
}

static unsigned sides_beyond(const copy_list *list, heat_box owned) {
  unsigned beyond = 0;
  for (int side = 0; side < HEAT_SIDES; side++) {
    const int axis = side / 2;
    bool all = true;
    for (int c = 0; c < list->count; c++) {
      const heat_box box = list->copies[c].box;
      all = all && (side % 2 == 0 ? box.hi[axis] <= owned.lo[axis] : box.lo[axis] >= owned.hi[axis]);
    }
    beyond |= (unsigned)all << side;
  }
  return beyond;
}

static int requests_of(const heat_halo *halo) {
  return halo->count[SEND] + halo->count[RECEIVE];
}

/* The number of values of a message that consists of rows as they are in memory. */
static int64_t values_in_rows(const heat_halo *halo, const copy_list *list) {
  const heat_box box = list->copies[0].box;
  return (heat_box_width(box, HEAT_Y) - 1) * (int64_t)halo->stride + heat_box_width(box, HEAT_X);
}

/* The number of values for which the buffer of a message has room. */
static int64_t room_of(const heat_halo *halo, const copy_list *list) {
  const int64_t packed = list->cells * halo->fields;
  const int64_t rows = halo->stride > 0 && list->count == 1 ? values_in_rows(halo, list) : 0;
  return packed > rows ? packed : rows;
}

/* Allocate the buffers of all messages at once; exchanges of few fields, or of whole rows, leave parts of them
 * untouched. The requests for all numbers of fields are a second allocation. */
static heat_status allocate(heat_halo *halo) {
  size_t values = 0;
  for (int way = 0; way < WAYS; way++) {
    for (int m = 0; m < halo->count[way]; m++) {
      const int64_t message_values = room_of(halo, &halo->messages[way][m].list);
      if (message_values > INT_MAX)
        return heat_fail(HEAT_DECK, "one halo message would hold %lld values: use more ranks or a smaller halo depth",
                         (long long)message_values);
      values += (size_t)message_values;
    }
  }
  const size_t total = (size_t)requests_of(halo), fields = (size_t)halo->fields;
  halo->buffer = malloc(values * halo->value + 1);
  halo->rows = malloc(fields * sizeof *halo->rows);
  halo->requests = calloc(fields, sizeof *halo->requests);
  MPI_Request *all = malloc(fields * (total + 1) * sizeof *all);
  if (halo->buffer == NULL || halo->rows == NULL || halo->requests == NULL || all == NULL) {
    free(all);
    return heat_no_memory("the halo", values * halo->value);
  }
  for (size_t f = 0; f < fields; f++) halo->requests[f] = all + f * (total + 1);
  for (size_t r = 0; r < fields * (total + 1); r++) all[r] = MPI_REQUEST_NULL;
  char *next = halo->buffer;
  for (int way = RECEIVE; way >= SEND; way--) {
    for (int m = 0; m < halo->count[way]; m++) {
      halo->messages[way][m].buffer = next;
      next += (size_t)room_of(halo, &halo->messages[way][m].list) * halo->value;
    }
  }
  return heat_ok();
}

/* With d layers a step costs latency / d for messages, and the computation of d edge / 2 cells that neighbours compute,
 * too, where edge is the length of the block's edges along which it exchanges. The sum is least at d = sqrt(2 latency
 * rate / edge). Deeper halos, up to a sixteenth of the block, cost little more, and more stages can be fused in cache.
 * The halo is never deeper than the smallest block is wide. */
int heat_halo_choose_depth(const heat_layout *layout, int most) {
  enum { SHARE = 16 };
  const double latency_cells = 40000; /* cells updated in the time of a message: about 20 us at 2 Gcell/s */
  const heat_box block = heat_layout_last(layout);
  double edge = 0;
  int64_t shortest = INT64_MAX;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    if (layout->ranks[axis] == 1 && !layout->periodic[axis]) continue;
    const int64_t width = heat_box_width(block, axis);
    if (width < shortest) shortest = width;
    edge += (double)heat_box_width(block, 1 - axis);
  }
  if (edge == 0) return 1;
  double depth = fmax(sqrt(2 * latency_cells / edge), (double)(shortest / SHARE));
  depth = fmin(depth, (double)shortest);
  return depth < 1 ? 1 : depth > most ? most : (int)depth;
}

typedef struct setting {
  int depth, fields;
  size_t value;
  ptrdiff_t stride;
} setting;

static heat_status create(heat_halo **result, const heat_grid *grid, setting set) {
  heat_halo *halo = calloc(1, sizeof *halo);
  *result = halo;
  heat_status status = heat_ok();
  if (halo == NULL) {
    status = heat_no_memory("the halo", sizeof *halo);
  } else {
    halo->fields = set.fields;
    halo->value = set.value;
    halo->stride = set.stride;
    halo->comm = grid->comm;
    MPI_Type_contiguous((int)set.value, MPI_BYTE, &halo->type);
    MPI_Type_commit(&halo->type);
    halo->owned = grid->owned;
    halo->quiet = true;
    const bool planned = plan(halo, grid, set.depth);
    for (int m = 0; planned && m < halo->count[RECEIVE]; m++)
      halo->messages[RECEIVE][m].beyond = sides_beyond(&halo->messages[RECEIVE][m].list, grid->owned);
    status = planned ? allocate(halo) : heat_no_memory("the halo's plan", sizeof(copy));
  }
  status = heat_agree(grid->comm, status);
  if (status.code != HEAT_OK) {
    heat_halo_destroy(halo);
    *result = NULL;
  }
  return status;
}

heat_status heat_halo_create(heat_halo **halo, const heat_grid *grid, int depth, int fields) {
  const bool whole = heat_layout_whole_rows(&grid->layout);
  return create(halo, grid, (setting){depth, fields, sizeof(double), whole ? heat_field_stride(grid, depth) : 0});
}

heat_status heat_halo_create_for(heat_halo **halo, const heat_grid *grid, int depth, int fields, size_t value) {
  return create(halo, grid, (setting){depth, fields, value, 0});
}

/* Wait until the messages of the last exchange have left their buffers. */
static void wait_for_sends(heat_halo *halo) {
  if (halo->active == 0) return;
  MPI_Waitall(requests_of(halo), halo->requests[halo->active - 1], MPI_STATUSES_IGNORE);
}

void heat_halo_destroy(heat_halo *halo) {
  if (halo == NULL) return;
  for (int way = 0; way < WAYS; way++) {
    for (int m = 0; m < halo->count[way]; m++) free(halo->messages[way][m].list.copies);
    free(halo->messages[way]);
  }
  wait_for_sends(halo);
  for (int f = 0; f < halo->fields && halo->requests != NULL && halo->requests[0] != NULL; f++)
    for (int r = 0; r < requests_of(halo); r++)
      if (halo->requests[f][r] != MPI_REQUEST_NULL) MPI_Request_free(&halo->requests[f][r]);
  MPI_Type_free(&halo->type);
  if (halo->requests != NULL) free(halo->requests[0]);
  free(halo->requests);
  free(halo->rows);
  free(halo->buffer);
  free(halo->self.copies);
  free(halo);
}

/* Some rows of cells, in a field, or consecutive in a message. */
typedef struct strip {
  char *first;
  ptrdiff_t row_bytes;
} strip;

static strip strip_in(const heat_halo *halo, heat_rows rows, int64_t i, int64_t j) {
  char *first = (char *)rows.corner + (ptrdiff_t)(j - halo->owned.lo[HEAT_Y]) * rows.row_bytes +
                (ptrdiff_t)(i - halo->owned.lo[HEAT_X]) * (ptrdiff_t)halo->value;
  return (strip){first, rows.row_bytes};
}

static strip source_of(const heat_halo *halo, heat_rows rows, const copy *each) {
  return strip_in(halo, rows, each->box.lo[HEAT_X] - each->shift[HEAT_X], each->box.lo[HEAT_Y] - each->shift[HEAT_Y]);
}

static strip target_of(const heat_halo *halo, heat_rows rows, const copy *each) {
  return strip_in(halo, rows, each->box.lo[HEAT_X], each->box.lo[HEAT_Y]);
}

static strip in_message(const heat_halo *halo, char *at, const copy *each) {
  return (strip){at, (ptrdiff_t)heat_box_width(each->box, HEAT_X) * (ptrdiff_t)halo->value};
}

static void copy_strip(const heat_halo *halo, strip to, strip from, heat_box box) {
  const size_t bytes = (size_t)heat_box_width(box, HEAT_X) * halo->value;
  for (int64_t row = heat_box_width(box, HEAT_Y); row > 0;
       row--, to.first += to.row_bytes, from.first += from.row_bytes) {
    if (bytes == sizeof(double)) /* a halo of one layer at a left or right side */
      memcpy(to.first, from.first, sizeof(double));
    else
      memcpy(to.first, from.first, bytes);
  }
}

static size_t bytes_of(const heat_halo *halo, const copy *piece) {
  return (size_t)heat_box_cells(piece->box) * halo->value;
}

static bool is_rows(const heat_halo *halo, const message *each) {
  return halo->in_rows && each->list.count == 1;
}

/* Make sure that a request exists for the memory and the number of values of a message. */
static void bind(const heat_halo *halo, int way, message *each, int fields, MPI_Request *request) {
  const bool rows = is_rows(halo, each);
  const copy *first = each->list.copies;
  void *at = each->buffer;
  if (rows && way == RECEIVE) at = target_of(halo, halo->rows[0], first).first;
  if (rows && way == SEND && halo->held) at = source_of(halo, halo->rows[0], first).first;
  const int values = (int)(rows ? values_in_rows(halo, &each->list) : each->list.cells * fields);
  const bool there = *request != MPI_REQUEST_NULL;
  if (there && (fields > 1 || (each->bound == at && each->bound_values == values))) return;
  if (there) MPI_Request_free(request);
  if (way == SEND)
    MPI_Send_init(at, values, halo->type, each->rank, HEAT_TAG_HALO, halo->comm, request);
  else
    MPI_Recv_init(at, values, halo->type, each->rank, HEAT_TAG_HALO, halo->comm, request);
  if (fields > 1) return;
  each->bound = at;
  each->bound_values = values;
}

/* The persistent requests for exchanges of `fields` fields, which are made for the first such exchange. */
static MPI_Request *requests_for(heat_halo *halo, int fields) {
  MPI_Request *requests = halo->requests[fields - 1], *request = requests;
  for (int way = RECEIVE; way >= SEND; way--)
    for (int m = 0; m < halo->count[way]; m++) bind(halo, way, &halo->messages[way][m], fields, request++);
  return requests;
}

/* Begin an exchange of the first `fields` arrays of halo->rows. */
static void begin(heat_halo *halo, int fields) {
  MPI_Request *requests = requests_for(halo, fields);
  halo->active = fields;
  halo->quiet = false;
  MPI_Startall(halo->count[RECEIVE], requests);
  for (int m = 0; m < halo->count[RECEIVE]; m++) halo->messages[RECEIVE][m].arrived = false;
  for (int m = 0; m < halo->count[SEND]; m++) {
    const message *each = &halo->messages[SEND][m];
    char *next = each->buffer;
    if (is_rows(halo, each)) {
      if (!halo->held)
        memcpy(next, source_of(halo, halo->rows[0], each->list.copies).first,
               (size_t)values_in_rows(halo, &each->list) * halo->value);
      continue;
    }
    for (int f = 0; f < fields; f++) {
      for (int c = 0; c < each->list.count; c++) {
        const copy *piece = &each->list.copies[c];
        copy_strip(halo, in_message(halo, next, piece), source_of(halo, halo->rows[f], piece), piece->box);
        next += bytes_of(halo, piece);
      }
    }
  }
  MPI_Startall(halo->count[SEND], requests + halo->count[RECEIVE]);
  for (int f = 0; f < fields; f++)
    for (int c = 0; c < halo->self.count; c++) {
      const copy *piece = &halo->self.copies[c];
      copy_strip(halo, target_of(halo, halo->rows[f], piece), source_of(halo, halo->rows[f], piece), piece->box);
    }
}

static void take(heat_halo *halo, heat_field *const *fields, int count) {
  for (int f = 0; f < count; f++)
    halo->rows[f] = (heat_rows){fields[f]->corner, fields[f]->stride * (ptrdiff_t)sizeof(double)};
}

static void begin_fields(heat_halo *halo, heat_field *const *fields, int count, bool held) {
  wait_for_sends(halo);
  take(halo, fields, count);
  halo->in_rows = count == 1 && halo->stride > 0;
  halo->held = held;
  begin(halo, count);
}

void heat_halo_begin_some(heat_halo *halo, heat_field *const *fields, int count) {
  begin_fields(halo, fields, count, false);
}

void heat_halo_begin_held(heat_halo *halo, heat_field *field) {
  begin_fields(halo, &field, 1, true);
}

void heat_halo_begin(heat_halo *halo, heat_field *const *fields) {
  heat_halo_begin_some(halo, fields, halo->fields);
}

/* Copy the cells of a message into the ghost layers. */
static void unpack(const heat_halo *halo, const message *each) {
  char *next = each->buffer;
  if (is_rows(halo, each)) return; /* it was received in place */
  for (int f = 0; f < halo->active; f++) {
    for (int c = 0; c < each->list.count; c++) {
      const copy *piece = &each->list.copies[c];
      copy_strip(halo, target_of(halo, halo->rows[f], piece), in_message(halo, next, piece), piece->box);
      next += bytes_of(halo, piece);
    }
  }
}

/* Wait for all messages except those whose cells all lie beyond one of the sides `later`. Returns the sides of `later`
 * for which messages are still missing. */
static unsigned receive(heat_halo *halo, unsigned later) {
  MPI_Request *requests = halo->requests[halo->active - 1];
  unsigned rest = 0;
  for (int m = 0; m < halo->count[RECEIVE]; m++) {
    message *each = &halo->messages[RECEIVE][m];
    if (each->arrived) continue;
    if ((each->beyond & later) != 0) {
      rest |= each->beyond & later;
      continue;
    }
    MPI_Wait(&requests[m], MPI_STATUS_IGNORE);
    unpack(halo, each);
    each->arrived = true;
  }
  return rest;
}

void heat_halo_refresh(heat_halo *halo, const heat_rows *arrays) {
  wait_for_sends(halo);
  memcpy(halo->rows, arrays, (size_t)halo->fields * sizeof *arrays);
  halo->in_rows = halo->held = false;
  begin(halo, halo->fields);
  receive(halo, 0);
}

unsigned heat_halo_wait(heat_halo *halo, heat_field *const *fields, unsigned later) {
  take(halo, fields, halo->active);
  const unsigned rest = receive(halo, later);
  for (int f = 0; f < halo->active && rest == 0; f++) fields[f]->valid = fields[f]->depth;
  return rest;
}

void heat_halo_wait_sent(heat_halo *halo, heat_box cells) {
  MPI_Request *sends = halo->held ? halo->requests[0] + halo->count[RECEIVE] : NULL;
  for (int m = 0; sends != NULL && m < halo->count[SEND]; m++) {
    const copy *first = halo->messages[SEND][m].list.copies;
    const heat_box from = heat_box_shift(first->box, -first->shift[HEAT_X], -first->shift[HEAT_Y]);
    if (!heat_box_empty(heat_box_intersect(from, cells))) MPI_Wait(&sends[m], MPI_STATUS_IGNORE);
  }
}

void heat_halo_end(heat_halo *halo, heat_field *const *fields) {
  heat_halo_wait(halo, fields, 0);
}

void heat_halo_progress(heat_halo *halo) {
  int done = 1;
  if (!halo->quiet) MPI_Testall(requests_of(halo), halo->requests[halo->active - 1], &done, MPI_STATUSES_IGNORE);
  halo->quiet = done;
}

size_t heat_halo_plan_bytes(const heat_layout *layout, int depth) {
  const heat_box block = heat_layout_box(layout, 0);
  heat_box grown = block;
  for (int axis = 0; axis < HEAT_AXES; axis++) {
    const int sides = layout->ranks[axis] == 1 ? 0 : layout->ranks[axis] == 2 && !layout->periodic[axis] ? 1 : 2;
    grown.hi[axis] += sides * (int64_t)depth;
  }
  /* Whole rows are received in place and need no buffer. */
  const size_t ways = heat_layout_whole_rows(layout) ? 1 : WAYS;
  return ways * (size_t)(heat_box_cells(grown) - heat_box_cells(block)) * sizeof(double);
}

int64_t heat_halo_bytes(const heat_halo *halo) {
  int64_t cells = 0;
  for (int m = 0; m < halo->count[SEND]; m++) cells += halo->messages[SEND][m].list.cells;
  return cells * halo->fields * (int64_t)halo->value;
}

int heat_halo_neighbours(const heat_halo *halo) {
  return halo->count[SEND];
}
