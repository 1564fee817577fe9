/* The option table: every key of the deck, once. Parsing, checks, suggestions, `heat2d keys`, the resolved deck (in the
 * order of the rows) and the comparison before a resume follow from it. */
#include "config_private.h"

#include "heat2d/base/colormap.h"
#include "heat2d/deck/names.h"

#include <string.h>

static const char *const switches[] = {"true", "false", NULL};

const heat_option heat_option_root = {.key = "", .type = HEAT_SECTION};

/* clang-format off */
static const heat_option table[] = {
    {.key = "title", .type = HEAT_TEXT, .fallback = "\"\"", .help = "name of the run in logs and files"},

    {.key = "domain", .type = HEAT_SECTION, .flags = HEAT_REQUIRED | HEAT_PHYSICS,
     .help = "the rectangle and its grid"},
    {.key = "domain.origin", .type = HEAT_REAL, .arity = HEAT_PAIR, .unit = "m", .fallback = "[0, 0]",
     .help = "lower left corner [x0, y0]"},
    {.key = "domain.size", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m", .range = "> 0",
     .help = "width and height"},
    {.key = "domain.cells", .type = HEAT_INTEGER, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED,
     .range = "in [1, 1000000000]", .rule = HEAT_RULE_CELLS, .help = "number of cells [nx, ny]"},

    {.key = "material", .type = HEAT_SECTION, .flags = HEAT_REQUIRED | HEAT_PHYSICS,
     .help = "conductivity, density and heat_capacity, or diffusivity alone; or the name of one of materials, or {material: NAME, ...} with other values"},
    {.key = "material.conductivity", .type = HEAT_FIELD, .arity = HEAT_ONE_OR_PAIR, .flags = HEAT_REQUIRED,
     .unit = "W/(m K)", .range = "> 0", .unless = "diffusivity", .help = "thermal conductivity k, or [kx, ky]"},
    {.key = "material.density", .type = HEAT_FIELD, .flags = HEAT_REQUIRED, .unit = "kg/m3", .range = "> 0",
     .unless = "diffusivity", .help = "density rho"},
    {.key = "material.heat_capacity", .type = HEAT_FIELD, .flags = HEAT_REQUIRED, .unit = "J/(kg K)", .range = "> 0",
     .unless = "diffusivity", .help = "specific heat capacity c_p"},
    {.key = "material.diffusivity", .type = HEAT_FIELD, .arity = HEAT_ONE_OR_PAIR, .unit = "m2/s", .range = "> 0",
     .help = "k / (rho c_p), or [x, y], in place of the three others"},

    {.key = "materials", .type = HEAT_SECTION,
     .help = "{NAME: {as under material}, ...}: named once, used by name in material and in regions.*.material"},

    {.key = "interface", .type = HEAT_CHOICE, .flags = HEAT_PHYSICS, .fallback = "harmonic", .choices = heat_mean_names,
     .help = "mean of the conductivities of two cells that gives that of the face between them"},
    {.key = "initial", .type = HEAT_SECTION, .flags = HEAT_REQUIRED | HEAT_PHYSICS, .help = "the state at t = 0"},
    {.key = "initial.temperature", .type = HEAT_FIELD, .flags = HEAT_REQUIRED, .unit = "K",
     .help = "temperature at t = 0"},
    {.key = "source", .type = HEAT_FIELD, .flags = HEAT_TIME | HEAT_PHYSICS, .unit = "W/m3", .fallback = "0",
     .help = "heat source q; in K/s if material.diffusivity is given"},

    {.key = "regions", .type = HEAT_LIST, .flags = HEAT_PHYSICS, .fallback = "[]",
     .help = "parts of the rectangle; where regions overlap, the later one decides"},
    {.key = "regions.*", .type = HEAT_SECTION, .help = "a shape, and at least one value that holds inside it"},
    {.key = "regions.*.shape", .type = HEAT_CHOICE, .flags = HEAT_REQUIRED, .choices = heat_shape_names,
     .help = "its form; cells whose centre is inside belong to the region"},
    {.key = "regions.*.name", .type = HEAT_TEXT, .flags = HEAT_LABEL,
     .help = "its name in pictures and in check; when left out, the name of its material"},
    {.key = "regions.*.min", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .when = "shape", .is = "rectangle", .help = "lower left corner"},
    {.key = "regions.*.max", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .when = "shape", .is = "rectangle", .rule = HEAT_RULE_ABOVE_MIN, .help = "upper right corner"},
    {.key = "regions.*.center", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .when = "shape", .is = "circle ellipse", .help = "centre"},
    {.key = "regions.*.radius", .type = HEAT_REAL, .flags = HEAT_REQUIRED, .unit = "m", .range = "> 0", .when = "shape",
     .is = "circle", .help = "radius"},
    {.key = "regions.*.radii", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .range = "> 0", .when = "shape", .is = "ellipse", .help = "half axes [a, b]"},
    {.key = "regions.*.angle", .type = HEAT_REAL, .unit = "degrees", .fallback = "0", .when = "shape", .is = "ellipse",
     .help = "from the x axis to the half axis a, counter-clockwise"},
    {.key = "regions.*.points", .type = HEAT_REAL, .arity = HEAT_POINTS, .flags = HEAT_REQUIRED, .unit = "m",
     .when = "shape", .is = "polygon", .help = "corners in order"},
    {.key = "regions.*.condition", .type = HEAT_CONDITION, .flags = HEAT_REQUIRED, .when = "shape", .is = "where",
     .help = "expression in x, y; the region is where it is not 0"},
    {.key = "regions.*.material", .type = HEAT_TEXT,
     .help = "name of one of materials; values that the region itself gives take precedence"},
    {.key = "regions.*.temperature", .type = HEAT_FIELD, .flags = HEAT_ANY_OF, .unit = "K",
     .help = "temperature at t = 0"},
    {.key = "regions.*.conductivity", .type = HEAT_FIELD, .arity = HEAT_ONE_OR_PAIR, .flags = HEAT_ANY_OF,
     .unit = "W/(m K)", .range = "> 0", .unless = "material.diffusivity", .help = "conductivity, or [kx, ky]"},
    {.key = "regions.*.density", .type = HEAT_FIELD, .flags = HEAT_ANY_OF, .unit = "kg/m3", .range = "> 0",
     .unless = "material.diffusivity", .help = "density"},
    {.key = "regions.*.heat_capacity", .type = HEAT_FIELD, .flags = HEAT_ANY_OF, .unit = "J/(kg K)", .range = "> 0",
     .unless = "material.diffusivity", .help = "specific heat capacity"},
    {.key = "regions.*.diffusivity", .type = HEAT_FIELD, .arity = HEAT_ONE_OR_PAIR, .flags = HEAT_ANY_OF,
     .unit = "m2/s", .range = "> 0", .when = "material.diffusivity", .help = "diffusivity, or [x, y]"},
    {.key = "regions.*.source", .type = HEAT_FIELD, .flags = HEAT_ANY_OF | HEAT_TIME, .unit = "W/m3",
     .unless = "power", .help = "heat source"},
    {.key = "regions.*.power", .type = HEAT_FIELD, .flags = HEAT_ANY_OF | HEAT_TIME, .unit = "W/m",
     .help = "heat source of the whole region, a number or an expression in t; it is spread evenly over the cells that have their source from this region"},
    {.key = "regions.*.contact", .type = HEAT_SECTION, .flags = HEAT_ANY_OF,
     .help = "imperfect thermal contact along its outline, at the faces between a cell inside and one outside"},
    {.key = "regions.*.contact.resistance", .type = HEAT_REAL, .flags = HEAT_REQUIRED, .unit = "m2 K/W", .range = ">= 0",
     .help = "resistance in series with the half cells on both sides; in s/m if material.diffusivity is given"},

    {.key = "boundary", .type = HEAT_SECTION, .flags = HEAT_PHYSICS, .fallback = "{}",
     .help = "the four sides; a side that is left out is insulated"},
    {.key = "boundary.left", .inside = "boundary.*", .type = HEAT_SECTION, .fallback = "{}", .help = "x = x0"},
    {.key = "boundary.right", .inside = "boundary.*", .type = HEAT_SECTION, .fallback = "{}", .help = "x = x0 + width"},
    {.key = "boundary.bottom", .inside = "boundary.*", .type = HEAT_SECTION, .fallback = "{}", .help = "y = y0"},
    {.key = "boundary.top", .inside = "boundary.*", .type = HEAT_SECTION, .fallback = "{}", .help = "y = y0 + height"},
    {.key = "boundary.*.type", .type = HEAT_CHOICE, .fallback = "neumann", .choices = heat_side_type_names, .rule = HEAT_RULE_PARTNER,
     .help = "what is prescribed at this side"},
    {.key = "boundary.*.value", .type = HEAT_FIELD, .flags = HEAT_REQUIRED | HEAT_TIME, .unit = "K", .when = "type",
     .is = "dirichlet", .help = "temperature of the wall"},
    {.key = "boundary.*.flux", .type = HEAT_FIELD, .flags = HEAT_TIME, .unit = "W/m2", .fallback = "0", .when = "type",
     .is = "neumann", .help = "heat flux into the domain"},
    {.key = "boundary.*.coefficient", .type = HEAT_FIELD, .flags = HEAT_REQUIRED | HEAT_TIME, .unit = "W/(m2 K)",
     .range = ">= 0", .when = "type", .is = "robin", .help = "heat transfer coefficient"},
    {.key = "boundary.*.ambient", .type = HEAT_FIELD, .flags = HEAT_REQUIRED | HEAT_TIME, .unit = "K", .when = "type",
     .is = "robin", .help = "temperature of the surroundings"},

    {.key = "time", .type = HEAT_SECTION, .fallback = "{}", .help = "end of the simulated time, method and steps"},
    {.key = "time.end", .type = HEAT_REAL, .flags = HEAT_REQUIRED, .unit = "s", .range = ">= 0", .rule = HEAT_RULE_END,
     .spared = "time.method", .spared_by = "steady",
     .help = "simulated time at which the run ends; for the method steady, the time at which sides and sources are evaluated (0 when left out)"},
    {.key = "time.method", .type = HEAT_CHOICE, .flags = HEAT_AUTO | HEAT_PHYSICS, .fallback = "auto",
     .choices = heat_method_names,
     .help = "explicit: euler (order 1), rkl2 (2); implicit: backward-euler (1), crank-nicolson (2), tr-bdf2 (2); steady: no steps, "
             "one solve for the steady state; auto: the one of euler, rkl2 and tr-bdf2 that has the least work"},
    {.key = "time.step", .type = HEAT_REAL, .flags = HEAT_AUTO, .unit = "s", .range = "> 0", .fallback = "auto",
     .help = "length of a step; an unstable one is refused; auto: for euler the longest step that time.safety and the maximum "
             "principle allow, for all other methods by error control (time.tolerance)"},
    {.key = "time.safety", .type = HEAT_REAL, .range = "in (0, 1]", .fallback = "0.9",
     .help = "largest fraction of the stability limit that time.step: auto uses"},
    {.key = "time.tolerance", .type = HEAT_REAL, .range = "> 0", .most = 1, .fallback = "1e-4",
     .help = "error in time at which error control aims, relative to the range of the temperatures so far and of the walls"},
    {.key = "time.solver", .type = HEAT_SECTION, .fallback = "{}", .help = "the linear solver of the implicit methods"},
    {.key = "time.solver.tolerance", .type = HEAT_REAL, .flags = HEAT_AUTO, .range = "in (0, 1)", .fallback = "auto",
     .help = "residual of a linear system, relative to that at the start of the step, that the solver must reach; auto: 1e-10, or "
             "with error control a hundredth of the error that a step may have"},
    {.key = "time.solver.iterations", .type = HEAT_INTEGER, .range = "in [1, 1000000]", .fallback = "200",
     .help = "largest number of iterations of conjugate gradients; a system that needs more ends the run (exit code 70)"},
    {.key = "time.steady", .type = HEAT_REAL, .unit = "K/s", .range = ">= 0", .fallback = "0",
     .help = "stop when max |du/dt| falls below this; 0: never"},
    {.key = "time.steady_relative", .type = HEAT_REAL, .unit = "1/s", .range = ">= 0", .fallback = "0",
     .help = "stop when max |du/dt|, divided by the range of the temperatures now and at the start, falls below this; with time.steady given, too, the first to hold ends the run; 0: never"},
    {.key = "time.steady_after", .type = HEAT_REAL, .flags = HEAT_AUTO, .unit = "s", .range = ">= 0",
     .fallback = "auto", .help = "time before which the run does not stop as steady; auto: when the last change of sides and sources is over"},

    {.key = "output", .type = HEAT_SECTION, .fallback = "{}", .help = "what the run writes, and where"},
    {.key = "output.directory", .type = HEAT_TEXT, .fallback = "out", .help = "directory of all files of the run"},
    {.key = "output.every", .type = HEAT_REAL, .unit = "s", .range = ">= 0", .fallback = "0",
     .help = "simulated time between snapshots; 0: the first and the last state only"},
    {.key = "output.every.steps", .type = HEAT_INTEGER, .flags = HEAT_REQUIRED, .range = ">= 1",
     .help = "steps between snapshots, in place of a time"},
    {.key = "output.max_files", .type = HEAT_INTEGER, .range = "in [1, 1000000000000000]", .fallback = "1000000",
     .help = "a run that would write more snapshots, more pictures or more checkpoints than this is refused"},
    {.key = "output.precision", .type = HEAT_CHOICE, .fallback = "float64", .choices = heat_precision_names,
     .help = "number format of the temperature in snapshots; a field that float32 cannot hold is written as float64"},
    {.key = "output.compression", .type = HEAT_INTEGER, .range = "in [0, 9]", .fallback = "0",
     .help = "deflate level of snapshots"},
    {.key = "output.transport", .type = HEAT_CHOICE, .fallback = "auto", .choices = heat_transport_names,
     .help = "how ranks write a file: mpio: through collective MPI-IO; direct: each rank writes its own rows, which can go on during the next steps"},
    {.key = "output.hints", .type = HEAT_HINTS, .fallback = "{}",
     .help = "hints for MPI-IO, such as {striping_factor: 8, cb_nodes: 4}; collective_buffering: true makes few ranks write for all"},
    {.key = "output.images", .type = HEAT_SECTION, .help = "pictures of the field; none when left out"},
    {.key = "output.images.every", .type = HEAT_REAL, .unit = "s", .range = ">= 0",
     .help = "simulated time between pictures; when left out, that of output.every"},
    {.key = "output.images.every.steps", .type = HEAT_INTEGER, .flags = HEAT_REQUIRED, .range = ">= 1",
     .help = "steps between pictures, in place of a time"},
    {.key = "output.images.colormap", .type = HEAT_CHOICE, .fallback = "inferno", .choices = heat_colormap_names,
     .help = "colours from cold to hot"},
    {.key = "output.images.range", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_AUTO, .unit = "K",
     .fallback = "auto", .rule = HEAT_RULE_INCREASING,
     .help = "temperatures [low, high] of the first and the last colour; auto: the lowest and highest of all pictures so far"},
    {.key = "output.images.width", .type = HEAT_INTEGER, .unit = "pixels", .range = "in [16, 8192]", .fallback = "1024",
     .help = "width of a picture; below about 200 it shows only the field, without colour bar"},
    {.key = "output.images.isotherms", .type = HEAT_INTEGER, .range = "in [0, 100]", .fallback = "10",
     .help = "largest number of lines of equal temperature, which are drawn at round numbers; 0: none"},
    {.key = "output.images.outlines", .type = HEAT_BOOLEAN, .fallback = "true", .choices = switches,
     .help = "draw lines where the material changes"},
    {.key = "output.images.region_names", .type = HEAT_BOOLEAN, .fallback = "false", .choices = switches,
     .help = "write the names of regions, each in the visible part of its region"},
    {.key = "output.images.smooth", .type = HEAT_BOOLEAN, .fallback = "false", .choices = switches,
     .help = "interpolate between the centres of cells; false: each cell has one colour"},
    {.key = "output.unit", .type = HEAT_TEXT, .fallback = "K",
     .help = "label of the temperature in pictures; nothing is converted"},
    {.key = "output.probes", .type = HEAT_LIST, .fallback = "[]", .rule = HEAT_RULE_UNIQUE,
     .help = "points whose temperature is written to probes.csv, as often as output.every says"},
    {.key = "output.probes.*", .type = HEAT_SECTION, .help = "a named point, or a line of points"},
    {.key = "output.probes.*.name", .type = HEAT_TEXT, .flags = HEAT_REQUIRED, .rule = HEAT_RULE_NAME,
     .help = "heading of its column; the columns of a line are NAME-1, NAME-2, ..."},
    {.key = "output.probes.*.at", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .unless = "from", .rule = HEAT_RULE_INSIDE, .help = "the point [x, y]"},
    {.key = "output.probes.*.from", .type = HEAT_REAL, .arity = HEAT_PAIR, .unit = "m", .rule = HEAT_RULE_INSIDE,
     .help = "first point of a line, in place of at"},
    {.key = "output.probes.*.to", .type = HEAT_REAL, .arity = HEAT_PAIR, .flags = HEAT_REQUIRED, .unit = "m",
     .when = "from", .rule = HEAT_RULE_INSIDE, .help = "last point of the line"},
    {.key = "output.probes.*.count", .type = HEAT_INTEGER, .flags = HEAT_REQUIRED, .range = "in [1, 1000000]",
     .when = "from", .help = "number of points of the line, evenly spaced, both ends included"},

    {.key = "checkpoint", .type = HEAT_SECTION, .fallback = "{}", .help = "when the state is saved for a resume"},
    {.key = "checkpoint.every", .type = HEAT_SECTION, .fallback = "{}", .help = "how often; with both steps and minutes, whichever comes first"},
    {.key = "checkpoint.every.steps", .type = HEAT_INTEGER, .range = ">= 0", .fallback = "0",
     .help = "steps between checkpoints; 0: not by steps"},
    {.key = "checkpoint.every.minutes", .type = HEAT_REAL, .unit = "min", .range = ">= 0", .fallback = "15",
     .help = "wall-clock time between checkpoints; 0: not by the clock"},
    {.key = "checkpoint.keep", .type = HEAT_INTEGER, .range = ">= 1", .most = 1e6, .fallback = "2",
     .help = "number of checkpoints to keep, the newest ones"},
    {.key = "checkpoint.final", .type = HEAT_BOOLEAN, .fallback = "true", .choices = switches,
     .help = "also write a checkpoint when the run ends"},

    {.key = "parallel", .type = HEAT_SECTION, .fallback = "{}",
     .help = "how the work is divided; results do not depend on it"},
    {.key = "parallel.ranks", .type = HEAT_INTEGER, .arity = HEAT_PAIR, .flags = HEAT_AUTO, .range = "in [1, 1000000]",
     .fallback = "auto", .help = "number of ranks along x and y"},
    {.key = "parallel.halo_depth", .type = HEAT_INTEGER, .flags = HEAT_AUTO, .range = "in [1, 64]", .fallback = "auto",
     .help = "number of ghost layers, all refreshed by one exchange"},
    {.key = "parallel.threads", .type = HEAT_INTEGER, .range = "in [1, 1024]", .fallback = "1",
     .help = "threads of each rank"},
    {.key = "parallel.tile", .type = HEAT_INTEGER, .arity = HEAT_PAIR, .flags = HEAT_AUTO, .range = "in [1, 8192]",
     .fallback = "auto", .help = "columns and rows of the tiles that stay in cache; auto: the first steps try several sizes"},

    {.key = "sweep", .type = HEAT_SECTION,
     .help = "values of keys, {KEY: [VALUE, ...], ...}; their Cartesian product gives the members that `heat2d sweep` runs"},
    {.key = "sweep.*", .type = HEAT_SECTION, .help = "evenly spaced values, in place of a list"},
    {.key = "sweep.*.from", .type = HEAT_REAL, .flags = HEAT_REQUIRED, .help = "the first value"},
    {.key = "sweep.*.to", .type = HEAT_REAL, .flags = HEAT_REQUIRED, .help = "the last one"},
    {.key = "sweep.*.count", .type = HEAT_INTEGER, .flags = HEAT_REQUIRED, .range = "in [1, 100000]",
     .help = "number of values, both ends included"},
    {.key = "sweep.*.log", .type = HEAT_BOOLEAN, .fallback = "false", .choices = switches,
     .help = "space the values evenly in the logarithm"},
    {.key = "sweep.file", .type = HEAT_TEXT,
     .help = "CSV file: a line of keys, and below it rows of values for these keys; each row counts like one value of a key"},

    /* What may be given in place of a number for a HEAT_FIELD. */
    {.key = "FIELD.file", .type = HEAT_TEXT, .flags = HEAT_REQUIRED,
     .help = "HDF5 file with the field on the grid of the run; FIELD stands for any key of this type"},
    {.key = "FIELD.dataset", .type = HEAT_TEXT, .flags = HEAT_REQUIRED, .rule = HEAT_RULE_DATASET,
     .help = "path of the field in the file"},
    {.key = "FIELD.index", .type = HEAT_INTEGER, .range = ">= 0",
     .help = "position on the time axis, from 0, if the dataset has one"},
};
/* clang-format on */

enum { ROWS = sizeof table / sizeof *table };

const heat_option *heat_option_row(int index) {
  return index < ROWS ? &table[index] : NULL;
}

const char *heat_option_inside(const heat_option *option) {
  if (option->type == HEAT_FIELD) return "FIELD";
  return option->inside != NULL ? option->inside : option->key;
}

const char *heat_option_leaf(const heat_option *option) {
  const char *dot = strrchr(option->key, '.');
  return dot != NULL ? dot + 1 : option->key;
}

bool heat_option_is_under(const heat_option *row, const char *inside) {
  const char *leaf = heat_option_leaf(row);
  size_t parent = leaf == row->key ? 0 : (size_t)(leaf - row->key - 1);
  return parent == strlen(inside) && strncmp(row->key, inside, parent) == 0;
}

const heat_option *heat_option_next(const char *inside, const heat_option *after) {
  for (const heat_option *row = after == NULL ? table : after + 1; row < table + ROWS; row++) {
    if (heat_option_is_under(row, inside)) return row;
  }
  return NULL;
}

/* Whether the `length` characters at `segment` match the * of `pattern`: a position in a list, the * itself, or a key
 * whose rows of entries are under `pattern`. */
static bool stands_for_any(const char *pattern, const char *star, const char *segment, size_t length) {
  if (length == 1 && *segment == '*') return true;
  if (length > 0 && strspn(segment, "0123456789") >= length) return true;
  size_t before = (size_t)(star - pattern);
  for (int i = 0; i < ROWS; i++) {
    const heat_option *row = &table[i];
    if (row->inside == NULL || strncmp(row->inside, pattern, before + 1) != 0) continue;
    if (strlen(row->key) == before + length && strncmp(row->key + before, segment, length) == 0) return true;
  }
  return false;
}

/* Match `key` with the beginning of `pattern`, and return the rest of `pattern`; NULL when they do not match. */
static const char *match(const char *pattern, const char *key) {
  const char *p = pattern;
  while (*key != '\0') {
    size_t length = strcspn(key, ".");
    if (*p == '*' && stands_for_any(pattern, p, key, length)) {
      p++;
      key += length;
    } else if (*p != *key) {
      return NULL;
    } else {
      p++;
      key++;
    }
  }
  return p;
}

bool heat_option_begins(const heat_option *option, const char *key) {
  return match(option->key, key) != NULL;
}

const heat_option *heat_option_find(const char *key) {
  char path[HEAT_KEY_TEXT];
  if (strlen(key) >= sizeof path) return NULL;
  if (*key == '\0') return &heat_option_root;
  strcpy(path, key);
  for (;;) {
    bool entry = strlen(path) < strlen(key);
    for (int i = 0; i < ROWS; i++) {
      const char *rest = match(table[i].key, path);
      if (rest != NULL && *rest == '\0' && (!entry || table[i].arity != HEAT_ONE)) return &table[i];
    }
    char *dot = strrchr(path, '.'); /* an entry of a pair has no row of its own */
    if (dot == NULL || dot[1 + strspn(dot + 1, "0123456789")] != '\0') return NULL;
    *dot = '\0';
  }
}

double heat_option_most(const heat_option *option) {
  const double counts = 1e15;      /* of steps: a double holds every integer up to this, and the sum of two */
  const double quantities = 1e100; /* their products and squares are finite */
  if (option->most > 0) return option->most;
  return option->type == HEAT_INTEGER ? counts : quantities;
}

bool heat_option_physics(const heat_option *option) {
  for (int i = 0; i < ROWS; i++) {
    size_t length = strlen(table[i].key);
    if ((table[i].flags & HEAT_PHYSICS) == 0 || strncmp(option->key, table[i].key, length) != 0) continue;
    if (option->key[length] == '\0' || option->key[length] == '.') return true;
  }
  return false;
}

bool heat_option_has_word(const char *words, const char *word) {
  size_t length = strlen(word);
  for (const char *at = words; (at = strstr(at, word)) != NULL; at += length) {
    if ((at == words || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' ')) return true;
  }
  return false;
}

void heat_option_join(char *text, size_t size, const char *separator, const char *word) {
  size_t length = strlen(text);
  snprintf(text + length, size - length, "%s%s", length > 0 ? separator : "", word);
}

void heat_option_describe(const heat_option *option, char *text, size_t size) {
  static const struct {
    const char *one, *many;
  } words[] = {
      [HEAT_SECTION] = {"a section {key: value, ...}", NULL},
      [HEAT_LIST] = {"a list [...]", NULL},
      [HEAT_TEXT] = {"a text", NULL},
      [HEAT_CHOICE] = {"one of", NULL},
      [HEAT_BOOLEAN] = {"true or false", NULL},
      [HEAT_INTEGER] = {"an integer", "integers"},
      [HEAT_REAL] = {"a number", "numbers"},
      [HEAT_FIELD] = {"a number, an expression or {file, dataset}", NULL},
      [HEAT_CONDITION] = {"an expression in x, y", NULL},
      [HEAT_HINTS] = {"a section of named texts {name: text, ...}", NULL},
  };
  const char *one = words[option->type].one;
  text[0] = '\0';
  if ((option->flags & HEAT_AUTO) != 0) heat_option_join(text, size, "", "auto or ");
  size_t used = strlen(text);
  switch (option->arity) {
  case HEAT_ONE:
    snprintf(text + used, size - used, "%s", one);
    break;
  case HEAT_PAIR:
    snprintf(text + used, size - used, "a pair of %s", words[option->type].many);
    break;
  case HEAT_ONE_OR_PAIR:
    snprintf(text + used, size - used, "%s, or a pair of these", one);
    break;
  case HEAT_POINTS:
    snprintf(text + used, size - used, "a list of at least 3 points [x, y]");
    break;
  }
  for (int i = 0; option->type == HEAT_CHOICE && option->choices[i] != NULL; i++) {
    heat_option_join(text, size, i == 0 ? " " : ", ", option->choices[i]);
  }
  if (option->type != HEAT_REAL) return;
  for (const heat_option *row = NULL; (row = heat_option_next(option->key, row)) != NULL;) {
    used = strlen(text);
    snprintf(text + used, size - used, " or {%s: N}", heat_option_leaf(row));
  }
}
