/* Thousands of ranks of a simulated cluster in one process: each is a context with a clock of its own, and the one
 * whose clock is behind goes on until it waits for a message that nobody has sent yet.
 *
 *     cluster RANKS ARGUMENT...       the ranks run `main` of the schedule with these arguments
 *
 * A message of B bytes between two ranks of a node of SCHEDULE_NODE ranks takes 0.4 us + B / (8 GB/s). One between
 * nodes goes out through the wire of the one, and after 4 us in through that of the other, each with 12.5 GB/s, one
 * message after the other; the network between them is without bottlenecks. These are the numbers of the cluster that
 * scripts/scale describes for SimGrid, which shares a wire among all messages at once, and whose solution for thousands
 * of ranks takes too long. For reductions and gathers see reductions.c. */
#define _GNU_SOURCE
#include "cluster.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static const double near_latency = 0.4e-6, near_bytes = 8e9, far_latency = 4e-6, far_bytes = 12.5e9; /* s, bytes/s */
enum { STACK = 128 << 10 };

/* What one rank has sent to another and that one has not yet taken: when it arrives. */
typedef struct channel {
  int from;
  bool collective;
  double *arrives;
  int first, count, room;
} channel;

struct cluster_request {
  bool sends, active;
  int other;
  double bytes;
};

typedef struct split {
  int *colors, *keys, groups;
  cluster_group **made;
  int *made_colors;
} split;

typedef struct rank {
  double now;
  ucontext_t context;
  struct cluster_comm world, self;
  channel *channels;
  int count, waits_for; /* number of the channel; -1: for none */
  int splits;
} rank;

static rank *ranks;
static cluster_group world, *selves;
static int size, current, argument_count;
static char **arguments;
static ucontext_t scheduler;
static int *ready, ready_count; /* a heap: that with the least `now` first */
static double *out, *in;        /* when the wire of a node is free */
static split *splits;
static int split_count;

int schedule_main(int argc, char **argv);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t each);
void *__wrap_calloc(size_t count, size_t each);
void __real_free(void *memory);
void __wrap_free(void *memory);

/* The values of cells and the buffers of messages are the same memory for all ranks (--wrap). Nobody reads them, nor
 * the zeros of the arrays of a level. */
static char *common;
enum { LARGE = 150000, LARGEST = 64 << 20 };

static bool is_common(size_t bytes) {
  if (bytes < LARGE || bytes > LARGEST) return false;
  if (common == NULL) common = __real_malloc(LARGEST);
  return common != NULL;
}

void *__wrap_malloc(size_t bytes) {
  return is_common(bytes) ? common : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t each) {
  return is_common(count * each) ? common : __real_calloc(count, each);
}

void __wrap_free(void *memory) {
  if (memory != common) __real_free(memory);
}

static void *need(void *memory) {
  if (memory != NULL) return memory;
  fprintf(stderr, "cluster: out of memory\n");
  exit(1);
}

static bool is_before(int a, int b) {
  return ranks[ready[a]].now < ranks[ready[b]].now ||
         (ranks[ready[a]].now <= ranks[ready[b]].now && ready[a] < ready[b]);
}

static void exchange(int a, int b) {
  const int other = ready[a];
  ready[a] = ready[b];
  ready[b] = other;
}

static void push(int number) {
  int at = ready_count++;
  ready[at] = number;
  for (; at > 0 && is_before(at, (at - 1) / 2); at = (at - 1) / 2) exchange(at, (at - 1) / 2);
}

static int pop(void) {
  const int first = ready[0];
  ready[0] = ready[--ready_count];
  for (int at = 0;;) {
    int least = at;
    for (int child = 2 * at + 1; child <= 2 * at + 2 && child < ready_count; child++)
      if (is_before(child, least)) least = child;
    if (least == at) return first;
    exchange(at, least);
    at = least;
  }
}

static rank *self(void) {
  return &ranks[current];
}

/* Let another rank go on, until this one is ready again. */
static void give_way(void) {
  swapcontext(&self()->context, &scheduler);
}

/* Who is behind comes first: so wires are used in the order of time. */
static void go_on(void) {
  push(current);
  give_way();
}

static channel *channel_from(rank *to, int from, bool collective) {
  for (int n = 0; n < to->count; n++)
    if (to->channels[n].from == from && to->channels[n].collective == collective) return &to->channels[n];
  to->channels = need(realloc(to->channels, (size_t)(to->count + 1) * sizeof *to->channels));
  to->channels[to->count] = (channel){.from = from, .collective = collective};
  return &to->channels[to->count++];
}

/* When a message that is sent now arrives. */
static double carry(int to, double bytes) {
  const int here = current / SCHEDULE_NODE, there = to / SCHEDULE_NODE;
  const double now = self()->now;
  if (here == there) return now + near_latency + bytes / near_bytes;
  const double leaves = out[here] > now ? out[here] : now;
  out[here] = leaves + bytes / far_bytes;
  const double comes = leaves + far_latency;
  in[there] = (in[there] > comes ? in[there] : comes) + bytes / far_bytes;
  return in[there];
}

void cluster_send(int to, double bytes, bool collective) {
  rank *other = &ranks[to];
  channel *c = channel_from(other, current, collective);
  if (c->first + c->count == c->room) {
    memmove(c->arrives, c->arrives + c->first, (size_t)c->count * sizeof *c->arrives);
    c->first = 0;
    if (c->count == c->room)
      c->arrives = need(realloc(c->arrives, (size_t)(c->room = 2 * c->room + 2) * sizeof *c->arrives));
  }
  c->arrives[c->first + c->count++] = carry(to, bytes);
  if (other->waits_for != c - other->channels) return;
  other->waits_for = -1;
  push(to);
}

void cluster_receive(int from, bool collective) {
  rank *own = self();
  const ptrdiff_t number = channel_from(own, from, collective) - own->channels;
  while (own->channels[number].count == 0) {
    own->waits_for = (int)number;
    give_way();
  }
  channel *c = &own->channels[number];
  const double arrives = c->arrives[c->first++];
  c->count--;
  if (arrives > own->now) own->now = arrives;
  go_on();
}

static cluster_group *group_of(split *all, int color) {
  for (int n = 0; n < all->groups; n++)
    if (all->made_colors[n] == color) return all->made[n];
  cluster_group *made = need(calloc(1, sizeof *made));
  made->members = need(malloc((size_t)size * sizeof *made->members));
  for (int n = 0; n < size; n++) {
    if (all->colors[n] != color) continue;
    int at = made->size++;
    for (; at > 0 && all->keys[made->members[at - 1]] > all->keys[n]; at--) made->members[at] = made->members[at - 1];
    made->members[at] = n;
  }
  all->made = need(realloc(all->made, (size_t)(all->groups + 1) * sizeof *all->made));
  all->made_colors = need(realloc(all->made_colors, (size_t)(all->groups + 1) * sizeof *all->made_colors));
  all->made[all->groups] = made;
  all->made_colors[all->groups++] = color;
  return made;
}

/* Of all ranks: each learns the color and the key of each. */
int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm *part) {
  const int number = self()->splits++;
  if (number == split_count) {
    splits = need(realloc(splits, (size_t)(split_count + 1) * sizeof *splits));
    splits[split_count++] =
        (split){.colors = need(malloc((size_t)size * sizeof(int))), .keys = need(malloc((size_t)size * sizeof(int)))};
  }
  splits[number].colors[current] = color;
  splits[number].keys[current] = key;
  cluster_gather(comm, 2 * sizeof(int));
  cluster_group *own = group_of(&splits[number], color);
  *part = need(calloc(1, sizeof **part));
  (*part)->group = own;
  while (own->members[(*part)->rank] != current) (*part)->rank++;
  return MPI_SUCCESS;
}

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part) {
  (void)type, (void)info;
  return MPI_Comm_split(comm, current / SCHEDULE_NODE, key, part);
}

int MPI_Comm_free(MPI_Comm *comm) {
  free(*comm);
  *comm = NULL;
  return MPI_SUCCESS;
}

int MPI_Comm_rank(MPI_Comm comm, int *number) {
  *number = comm->rank;
  return MPI_SUCCESS;
}

int MPI_Comm_size(MPI_Comm comm, int *count) {
  *count = comm->group->size;
  return MPI_SUCCESS;
}

MPI_Comm cluster_world(void) {
  return &self()->world;
}

MPI_Comm cluster_self(void) {
  return &self()->self;
}

int MPI_Type_contiguous(int count, MPI_Datatype each, MPI_Datatype *type) {
  *type = count * (int)cluster_type_bytes(each);
  return MPI_SUCCESS;
}

int MPI_Type_commit(MPI_Datatype *type) {
  (void)type;
  return MPI_SUCCESS;
}

int MPI_Type_free(MPI_Datatype *type) {
  *type = MPI_DATATYPE_NULL;
  return MPI_SUCCESS;
}

static int request_for(bool sends, int count, MPI_Datatype type, int other, MPI_Comm comm, MPI_Request *request) {
  *request = need(malloc(sizeof **request));
  **request = (struct cluster_request){
      .sends = sends, .other = comm->group->members[other], .bytes = (double)count * (double)cluster_type_bytes(type)};
  return MPI_SUCCESS;
}

int MPI_Send_init(const void *at, int count, MPI_Datatype type, int other, int tag, MPI_Comm comm,
                  MPI_Request *request) {
  (void)at, (void)tag;
  return request_for(true, count, type, other, comm, request);
}

int MPI_Recv_init(void *at, int count, MPI_Datatype type, int other, int tag, MPI_Comm comm, MPI_Request *request) {
  (void)at, (void)tag;
  return request_for(false, count, type, other, comm, request);
}

int MPI_Request_free(MPI_Request *request) {
  free(*request);
  *request = MPI_REQUEST_NULL;
  return MPI_SUCCESS;
}

int MPI_Startall(int count, MPI_Request *requests) {
  for (int n = 0; n < count; n++) {
    if (requests[n]->sends)
      cluster_send(requests[n]->other, requests[n]->bytes, false);
    else
      requests[n]->active = true;
  }
  return MPI_SUCCESS;
}

/* What is sent leaves at once. */
int MPI_Wait(MPI_Request *request, int ignored) {
  (void)ignored;
  if (*request == MPI_REQUEST_NULL || !(*request)->active) return MPI_SUCCESS;
  (*request)->active = false;
  cluster_receive((*request)->other, false);
  return MPI_SUCCESS;
}

int MPI_Waitall(int count, MPI_Request *requests, int ignored) {
  for (int n = 0; n < count; n++) MPI_Wait(&requests[n], ignored);
  return MPI_SUCCESS;
}

int MPI_Testall(int count, MPI_Request *requests, int *done, int ignored) {
  (void)count, (void)requests, (void)ignored;
  *done = 1;
  return MPI_SUCCESS;
}

double MPI_Wtime(void) {
  return self()->now;
}

void schedule_work(double nanoseconds) {
  const double to_seconds = 1e-9;
  self()->now += to_seconds * nanoseconds;
  go_on();
}

int MPI_Init(int *argc, char ***argv) {
  (void)argc, (void)argv;
  return MPI_SUCCESS;
}

int MPI_Finalize(void) {
  return MPI_SUCCESS;
}

int MPI_Abort(MPI_Comm comm, int code) {
  (void)comm;
  exit(code);
}

static void start(void) {
  schedule_main(argument_count, arguments);
  for (;;) give_way(); /* never again */
}

static void make_rank(int n) {
  rank *r = &ranks[n];
  selves[n] = (cluster_group){.size = 1, .members = &world.members[n]};
  world.members[n] = n;
  r->world = (struct cluster_comm){.group = &world, .rank = n};
  r->self = (struct cluster_comm){.group = &selves[n]};
  r->waits_for = -1;
  getcontext(&r->context);
  r->context.uc_stack.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  r->context.uc_stack.ss_size = STACK;
  if (r->context.uc_stack.ss_sp == MAP_FAILED) need(NULL);
  makecontext(&r->context, start, 0);
  push(n);
}

int main(int argc, char **argv) {
  size = argc > 1 ? atoi(argv[1]) : 0;
  if (size < 1) {
    fprintf(stderr, "usage: cluster RANKS ARGUMENT...\n");
    return 64;
  }
  argument_count = argc - 1;
  arguments = argv + 1;
  const size_t count = (size_t)size, nodes = count / SCHEDULE_NODE + 1;
  ranks = need(mmap(NULL, count * sizeof *ranks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  selves = need(mmap(NULL, count * sizeof *selves, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  world = (cluster_group){.size = size, .members = need(malloc(count * sizeof(int)))};
  ready = need(malloc(count * sizeof *ready));
  out = need(calloc(nodes, sizeof *out));
  in = need(calloc(nodes, sizeof *in));
  for (int n = 0; n < size; n++) make_rank(n);
  while (ready_count > 0) {
    current = pop();
    swapcontext(&scheduler, &ranks[current].context);
  }
  return 0;
}
