/* A wire with a delay between two network namespaces, for kernels without sch_netem: a TAP device in each, and this
 * process between them.
 *
 *     delay NAMESPACE-A NAMESPACE-B DEVICE MILLISECONDS     (files of `ip netns` under /run/netns; runs until killed)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { ENDS = 2, FRAME = 65536, SLOTS = 4096 };

typedef struct frame {
  double due; /* s */
  ssize_t length;
  char *bytes;
} frame;

typedef struct queue { /* of what came in at one end; the delay is the same for all, so first in is first out */
  frame slots[SLOTS];
  size_t head, tail;
} queue;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int open_end(const char *space, const char *device) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", space);
  const int file = open(path, O_RDONLY);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
  if (file < 0 || setns(file, CLONE_NEWNET) != 0) return -1;
  close(file);
  const int end = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  return end >= 0 && ioctl(end, TUNSETIFF, &request) == 0 ? end : -1;
}

static void take(int end, queue *q, double delay) {
  static char buffer[FRAME];
  ssize_t length;
  while ((length = read(end, buffer, sizeof buffer)) > 0) {
    frame *slot = &q->slots[q->tail % SLOTS];
    if (q->tail - q->head == SLOTS || (slot->bytes = malloc((size_t)length)) == NULL) continue; /* lost, as on a wire */
    memcpy(slot->bytes, buffer, (size_t)length);
    slot->length = length;
    slot->due = now() + delay;
    q->tail++;
  }
}

static void give(int end, queue *q) {
  while (q->head != q->tail && q->slots[q->head % SLOTS].due <= now()) {
    frame *slot = &q->slots[q->head % SLOTS];
    if (write(end, slot->bytes, (size_t)slot->length) < 0) {
      /* lost, as on a wire */
    }
    free(slot->bytes);
    q->head++;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return fputs("usage: delay NAMESPACE-A NAMESPACE-B DEVICE MILLISECONDS\n", stderr), 64;
  const double delay = atof(argv[4]) / 1000;
  static queue queues[ENDS];
  struct pollfd ends[ENDS];
  for (int e = 0; e < ENDS; e++) {
    ends[e] = (struct pollfd){.fd = open_end(argv[1 + e], argv[3]), .events = POLLIN};
    if (ends[e].fd < 0) return perror("delay"), 74;
  }
  for (;;) {
    double next = now() + 1;
    for (int e = 0; e < ENDS; e++) {
      if (queues[e].head == queues[e].tail) continue;
      const double due = queues[e].slots[queues[e].head % SLOTS].due;
      if (due < next) next = due;
    }
    const double wait = next - now();
    const struct timespec timeout = {.tv_sec = wait >= 1, .tv_nsec = wait > 0 && wait < 1 ? (long)(wait * 1e9) : 0};
    ppoll(ends, ENDS, &timeout, NULL);
    for (int e = 0; e < ENDS; e++) take(ends[e].fd, &queues[e], delay);
    for (int e = 0; e < ENDS; e++) give(ends[1 - e].fd, &queues[e]);
  }
}
