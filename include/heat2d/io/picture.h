/* Pictures of a temperature field: colours, isotherms, outlines of the materials, axes, a colour bar, title and time.
 *
 * A picture is drawn from samples. Along an axis with more cells than pixels the samples are the cells at the centres
 * of the pixels, otherwise all cells. So a picture depends on the cells only, and not on the number of ranks. */
#ifndef HEAT2D_PICTURE_H
#define HEAT2D_PICTURE_H

#include "heat2d/base/colormap.h"
#include "heat2d/grid/grid.h"

typedef enum heat_picture_format { HEAT_PICTURE_PNG, HEAT_PICTURE_SVG, HEAT_PICTURE_PDF } heat_picture_format;

/* Words of the formats, which are also the endings of their files; the last entry is NULL. */
extern const char *const heat_picture_formats[];

/* The place of the name of a region. */
typedef struct heat_picture_name {
  int region;
  const char *text; /* borrowed from the configuration */
  bool shown;       /* some of the region is visible */
  double x, y;      /* place in fractions of the field's width and height, from its lower left corner */
} heat_picture_name;

typedef struct heat_picture_names {
  int count;
  heat_picture_name at[];
} heat_picture_names;

typedef struct heat_picture {
  const char *title, *unit; /* borrowed; unit: label of the temperature */
  const char *colormap;     /* borrowed */
  double origin[HEAT_AXES]; /* lower left corner of the domain, m */
  double extent[HEAT_AXES]; /* size of the domain, m */
  int64_t cells[HEAT_AXES];
  int isotherms;            /* largest number of isotherms, at round temperatures; 0: none */
  bool smooth;              /* interpolate linearly between the centres of cells; otherwise each cell has one colour */
  bool outlines;            /* draw lines between the materials in `materials` */
  bool region_names;        /* write the names in `names` */
  bool range_auto;          /* low and high are those of the field */
  double low, high;         /* temperatures at the two ends of the colours */
  bool steady;              /* the field is the result of a solve for the steady state */
  double time, latest;      /* s; `latest` is the time of the last picture of a film, so that all have the same unit */
  const int64_t *materials; /* borrowed: a number for the material of each sample; NULL: not known */
  const heat_picture_names *names; /* borrowed; NULL: not known */
  int across;                      /* pixels of the whole picture */
  int width, height;               /* pixels of the field itself */
  int samples[HEAT_AXES];          /* along each axis */
  bool bare;                       /* only the field, without colour bar, title and labels */
  bool without_font;               /* no font is installed, so that no text can be written */
} heat_picture;

/* Return the settings of pictures and the domain of a deck; title, unit and colormap are borrowed from the
 * configuration. Local. */
heat_picture heat_picture_of(const heat_config *config);

/* Choose the samples, and the size of the field so that the whole picture is `across` pixels wide (one more if that is
 * odd, because encoders of films need even sides). A field with the right aspect ratio is at most 16384 pixels high. A
 * field that would be too low to be visible is drawn as a band with a height of 1/32 of the width, and one that is more
 * than 16 times as high as wide as a band with a height of 4 widths. If the labels would leave less than half of the
 * picture to the field, or if no font is installed, the picture is bare. Title, extent, origin and cells have to be set
 * before. Local. */
void heat_picture_fit(heat_picture *picture, int across);

/* Return the factor by which the field is drawn higher than its aspect ratio demands; 1 up to rounding for the right
 * ratio. Local. */
double heat_picture_stretch(const heat_picture *picture);

/* Return the cell that sample n along an axis shows. Local. */
int64_t heat_picture_cell(const heat_picture *picture, int axis, int64_t sample);

/* Find the samples [*lo, *hi) along an axis that show the cells [from, to). Local. */
void heat_picture_samples(const heat_picture *picture, int axis, int64_t from, int64_t to, int64_t *lo, int64_t *hi);

/* Return the number of the colour of a value, 0 to HEAT_COLOURS - 1. Values outside of [low, high] are clipped; NaN
 * gives HEAT_COLOURS, which is drawn in a colour that no map contains. Local. */
int heat_picture_level(const heat_picture *picture, double value);

/* Find the materials of the samples. Two samples have the same number if their conductivity, density and heat capacity
 * come from the same place of the deck or are the same numbers. *materials has samples[HEAT_Y] rows of samples[HEAT_X]
 * numbers and has to be freed; it is NULL if there is only one material. The work is divided among the ranks. HEAT_IO,
 * HEAT_DECK. Collective over comm. */
heat_status heat_picture_materials(const heat_picture *picture, const heat_problem *problem, MPI_Comm comm,
                                   int64_t **materials);

/* Find the places of the names of regions, which have to be freed; NULL if none are asked for. Every rank gets the same
 * result. HEAT_IO. Local. */
heat_status heat_picture_find_names(const heat_picture *picture, const heat_problem *problem,
                                    heat_picture_names **names);

/* Write the picture to the file `path`, and make it durable; the caller renames it. `values` are samples[HEAT_Y] rows
 * of samples[HEAT_X] temperatures, the first row at the lowest y. HEAT_IO. Local. */
heat_status heat_picture_write(const heat_picture *picture, const double *values, heat_picture_format format,
                               const char *path);

/* Return the unit that suits times up to `latest`, s, and set *seconds to its length: s up to 3 min, min up to 3 h, h
 * up to 3 d, then d. Local. */
const char *heat_picture_time_unit(double latest, double *seconds);

/* Write a time, s, in that unit, such as "2.5 min". Local. */
void heat_picture_time(char *text, size_t size, double time, double latest);

/* Write the time of the picture, such as "t = 2.5 min", or "steady state", with the time of its sides and sources if
 * that is not 0. Local. */
void heat_picture_when(const heat_picture *picture, char *text, size_t size);

#endif
