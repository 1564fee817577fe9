/* Pictures of a temperature field: colours, isotherms, outlines of the materials, axes, a colour bar, title and time.
 *
 * A picture is drawn from samples: where there are more cells than pixels along an axis one cell for each pixel, the
 * one at the pixel's centre, else every cell. So what is drawn follows from the cells alone, on any number of ranks. */
#ifndef HEAT2D_PICTURE_H
#define HEAT2D_PICTURE_H

#include "heat2d/base/colormap.h"
#include "heat2d/grid/grid.h"

typedef enum heat_picture_format { HEAT_PICTURE_PNG, HEAT_PICTURE_SVG, HEAT_PICTURE_PDF } heat_picture_format;

/* Words of the formats, which are also the endings of their files; ended by NULL. */
extern const char *const heat_picture_formats[];

/* Where the name of a region stands. */
typedef struct heat_picture_name {
  int region;
  const char *text; /* borrowed from the configuration */
  bool shown;       /* some of the region is to be seen */
  double x, y;      /* parts of the field's width and height, from its lower left corner */
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
  int isotherms;                   /* at most so many, at round temperatures; 0: none */
  bool smooth;                     /* linear between the centres of cells, else each cell has one colour */
  bool outlines;                   /* of the materials, where there are any in `materials` */
  bool region_names;               /* are written, where `names` has some */
  bool range_auto;                 /* low and high are those of the field */
  double low, high;                /* temperatures at the two ends of the colours */
  bool steady;                     /* the field is what one solve for the steady state gave */
  double time, latest;             /* s; that of the last picture of the film, so that all have one unit */
  const int64_t *materials;        /* borrowed: a number for the material of each sample; NULL: not known */
  const heat_picture_names *names; /* borrowed; NULL: not known */
  int across;                      /* pixels of the whole picture */
  int width, height;               /* pixels of the field itself */
  int samples[HEAT_AXES];          /* along each axis */
  bool bare;                       /* the field alone, without colour bar, title and labels */
  bool without_font;               /* no text can be written here */
} heat_picture;

/* What a deck says of its pictures, and of its domain; title, unit and colormap are the configuration's. Local. */
heat_picture heat_picture_of(const heat_config *config);

/* Choose the size of the field so that the whole picture is `across` pixels wide (one more where that is odd: encoders
 * of films want even sides), and the samples. By its aspect a field is at most 16384 pixels high; one that would be too
 * low to be read becomes a band of 1/32 of the width, and one more than 16 times as high as wide one of 4 times. Where
 * what is around it would leave the field less than half of the picture, or no font is installed, the picture is bare.
 * Title, extent, origin and cells are set. Local. */
void heat_picture_fit(heat_picture *picture, int across);

/* By how much the field is drawn higher than its aspect asks for; 1 but for rounding where it is not. Local. */
double heat_picture_stretch(const heat_picture *picture);

/* The cell that sample n along an axis shows. Local. */
int64_t heat_picture_cell(const heat_picture *picture, int axis, int64_t sample);

/* The samples [*lo, *hi) along an axis that show cells [from, to). Local. */
void heat_picture_samples(const heat_picture *picture, int axis, int64_t from, int64_t to, int64_t *lo, int64_t *hi);

/* The colour (0 .. HEAT_COLOURS - 1) of a value; values outside of low..high are clipped; NaN gives HEAT_COLOURS, which
 * is drawn in a colour that no map contains. Local. */
int heat_picture_level(const heat_picture *picture, double value);

/* The materials of the samples: two have the same number when all that conducts and stores heat in them stands at the
 * same place of the deck or is the same number. samples[HEAT_Y] rows of samples[HEAT_X], to be freed; NULL where there
 * is one material only. The ranks share the work. HEAT_IO, HEAT_DECK. Collective over comm. */
heat_status heat_picture_materials(const heat_picture *picture, const heat_problem *problem, MPI_Comm comm,
                                   int64_t **materials);

/* Find the places of the names of regions, to be freed; NULL where none are asked for. The same on every rank. HEAT_IO.
 * Local. */
heat_status heat_picture_find_names(const heat_picture *picture, const heat_problem *problem,
                                    heat_picture_names **names);

/* Write the picture to `path` (complete: opened, written, flushed, fsynced and closed; the caller renames). `values`:
 * samples[HEAT_Y] rows of samples[HEAT_X] temperatures, the first row at the lowest y. HEAT_IO. Local. */
heat_status heat_picture_write(const heat_picture *picture, const double *values, heat_picture_format format,
                               const char *path);

/* The unit that suits times up to `latest`, and its seconds: s up to 3 min, min up to 3 h, h up to 3 d, d. Local. */
const char *heat_picture_time_unit(double latest, double *seconds);

/* "2.5 min": a time in that unit. Local. */
void heat_picture_time(char *text, size_t size, double time, double latest);

/* "t = 2.5 min", or "steady state", with the time of its sides and sources where that is not 0. Local. */
void heat_picture_when(const heat_picture *picture, char *text, size_t size);

#endif
