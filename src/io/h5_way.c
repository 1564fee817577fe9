#include "heat2d/io/h5_way.h"

#include "heat2d/io/transport_direct.h"
#include "heat2d/io/transport_mpio.h"

#include <assert.h>
#include <stdlib.h>

/* The transport of files that the run waits for, and the one of files behind the steps; NULL: none are. */
static const struct {
  const heat_transport *waited, *behind;
} transports[] = {
    [HEAT_TRANSPORT_AUTO] = {&heat_transport_mpio, &heat_transport_direct},
    [HEAT_TRANSPORT_MPIO] = {&heat_transport_mpio, NULL},
    [HEAT_TRANSPORT_DIRECT] = {&heat_transport_direct, &heat_transport_direct},
};
static_assert(sizeof transports / sizeof *transports == HEAT_TRANSPORTS, "a row for each transport");

heat_h5_way heat_h5_way_of(int transport) {
  return (heat_h5_way){
      .transport = transports[transport].waited, .behind = transports[transport].behind, .hints = MPI_INFO_NULL};
}

heat_h5_way heat_h5_way_create(const heat_config *config) {
  heat_h5_way way = heat_h5_way_of(heat_config_choice(config, "output.transport"));
  if (!way.transport->together) return way;
  way.hints = heat_mpio_hints(config);
  way.record = calloc(1, sizeof *way.record);
  return way;
}

void heat_h5_way_destroy(heat_h5_way *way) {
  if (way->transport != NULL && way->hints != MPI_INFO_NULL) MPI_Info_free(&way->hints);
  free(way->record);
  *way = (heat_h5_way){.hints = MPI_INFO_NULL};
}

heat_h5_way heat_h5_way_behind(const heat_h5_way *way) {
  return (heat_h5_way){.transport = way->behind, .behind = way->behind, .hints = MPI_INFO_NULL};
}
