/* Colour maps of even lightness, computed from a handful of anchor colours.
 *
 * A map is a curve (L*, a*, b*) in CIELAB through its anchors. With L* itself as the curve's parameter,
 *
 *   L*_i = L*_first + (L*_last - L*_first) i / (n - 1),   a*_i = a(L*_i),   b*_i = b(L*_i),
 *
 * equal steps of the temperature are equal steps of lightness, whatever the hues are. a and b are cubic Hermite splines
 * with central slopes. What leaves the sRGB gamut between two anchors loses chroma, never lightness.
 *
 * Sources: CIE 1976 L*a*b* (CIE 15, also ISO/CIE 11664-4); sRGB of IEC 61966-2-1 with its white D65. */
#include "heat2d/base/colormap.h"

#include <math.h>
#include <string.h>

enum { MOST_ANCHORS = 7 };
enum { LIGHTNESS, A, B, LAB };
enum { RGB = 3, XYZ = 3, FULL = 255 };

enum { INFERNO, VIRIDIS, MAGMA, GRAY, COOLWARM, MAPS };

const char *const heat_colormap_names[] = {[INFERNO] = "inferno", [VIRIDIS] = "viridis",   [MAGMA] = "magma",
                                           [GRAY] = "gray",       [COOLWARM] = "coolwarm", [MAPS] = NULL};

/* Lightness is monotone from anchor 0 to anchor `turn`, and from there to the last one; a sequential map turns at its
 * last anchor. */
typedef struct map {
  int anchors, turn;
  unsigned char rgb[MOST_ANCHORS][RGB];
} map;

static const map maps[MAPS] = {
    [INFERNO] =
        {7,
         6,
         {{0, 0, 4}, {60, 9, 101}, {147, 38, 103}, {221, 81, 58}, {251, 155, 6}, {246, 215, 70}, {252, 255, 164}}},
    [VIRIDIS] = {5, 4, {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}},
    [MAGMA] = {6, 5, {{0, 0, 4}, {59, 15, 112}, {140, 41, 129}, {222, 73, 104}, {254, 159, 109}, {252, 253, 191}}},
    [GRAY] = {2, 1, {{0, 0, 0}, {FULL, FULL, FULL}}},
    [COOLWARM] = {5, 2, {{59, 76, 192}, {130, 165, 250}, {221, 221, 221}, {240, 140, 110}, {180, 4, 38}}},
};

/* IEC 61966-2-1: linear RGB to XYZ; its row sums are the white point. The second matrix is the inverse of the first. */
static const double rgb_to_xyz[XYZ][RGB] = {
    {0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}};
static const double xyz_to_rgb[RGB][XYZ] = {{3.2406254773200533, -1.5372079722103187, -0.4986285986982479},
                                            {-0.9689307147293194, 1.8757560608852410, 0.0415175238429539},
                                            {0.0557101204455106, -0.2040210505984867, 1.0569959422543882}};
static const double white[XYZ] = {0.9505, 1.0, 1.0890};

/* The component v of sRGB, 0..1, as linear light. IEC 61966-2-1, 5.2. */
static double srgb_decode(double v) {
  return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* The inverse of srgb_decode. */
static double srgb_encode(double v) {
  return v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1.0 / 2.4) - 0.055;
}

/* CIE 1976: f(t) = t^(1/3), continued by its tangent line below t = delta^3 with delta = 6/29. */
static const double delta = 6.0 / 29.0;

static double cie_f(double t) {
  return t > delta * delta * delta ? cbrt(t) : t / (3.0 * delta * delta) + 4.0 / 29.0;
}

static double cie_f_inverse(double f) {
  return f > delta ? f * f * f : 3.0 * delta * delta * (f - 4.0 / 29.0);
}

static void lab_from_bytes(const unsigned char rgb[RGB], double lab[LAB]) {
  double f[XYZ];
  for (int i = 0; i < XYZ; i++) {
    double sum = 0.0;
    for (int j = 0; j < RGB; j++) sum += rgb_to_xyz[i][j] * srgb_decode((double)rgb[j] / FULL);
    f[i] = cie_f(sum / white[i]);
  }
  lab[LIGHTNESS] = 116.0 * f[1] - 16.0;
  lab[A] = 500.0 * (f[0] - f[1]);
  lab[B] = 200.0 * (f[1] - f[2]);
}

/* Linear RGB of a colour whose chroma is multiplied by `chroma`. Returns whether sRGB contains it. */
static bool lab_to_linear(const double lab[LAB], double chroma, double linear[RGB]) {
  const double slack = 1e-4; /* a fraction of a byte, so that rounding does not cost an anchor its colour */
  double f = (lab[LIGHTNESS] + 16.0) / 116.0;
  double xyz[XYZ] = {white[0] * cie_f_inverse(f + chroma * lab[A] / 500.0), white[1] * cie_f_inverse(f),
                     white[2] * cie_f_inverse(f - chroma * lab[B] / 200.0)};
  bool inside = true;
  for (int i = 0; i < RGB; i++) {
    linear[i] = 0.0;
    for (int j = 0; j < XYZ; j++) linear[i] += xyz_to_rgb[i][j] * xyz[j];
    inside = inside && linear[i] >= -slack && linear[i] <= 1.0 + slack;
  }
  return inside;
}

/* The bytes of a colour, with as much of its chroma as sRGB can show at that lightness. */
static void lab_to_bytes(const double lab[LAB], unsigned char rgb[RGB]) {
  const int halvings = 20;
  double linear[RGB];
  if (!lab_to_linear(lab, 1.0, linear)) {
    double inside = 0.0, outside = 1.0;
    for (int i = 0; i < halvings; i++) {
      double middle = (inside + outside) / 2.0;
      if (lab_to_linear(lab, middle, linear))
        inside = middle;
      else
        outside = middle;
    }
    lab_to_linear(lab, inside, linear);
  }
  for (int i = 0; i < RGB; i++) rgb[i] = (unsigned char)lround(FULL * srgb_encode(fmin(fmax(linear[i], 0.0), 1.0)));
}

/* d(component)/dL* at anchor k of a ramp of anchors first..last: central inside, one-sided at the ends. */
static double ramp_slope(const double anchors[][LAB], const int ends[2], int k, int component) {
  int before = k > ends[0] ? k - 1 : k, after = k < ends[1] ? k + 1 : k;
  return (anchors[after][component] - anchors[before][component]) /
         (anchors[after][LIGHTNESS] - anchors[before][LIGHTNESS]);
}

/* The colour at the fraction s of the lightness between the two end anchors of a ramp. */
static void ramp_evaluate(const double anchors[][LAB], const int ends[2], double s, double lab[LAB]) {
  double first = anchors[ends[0]][LIGHTNESS], last = anchors[ends[1]][LIGHTNESS];
  lab[LIGHTNESS] = first + s * (last - first);
  int k = ends[0];
  while (k + 2 <= ends[1] && (anchors[k + 1][LIGHTNESS] - first) / (last - first) <= s) k++;
  double h = anchors[k + 1][LIGHTNESS] - anchors[k][LIGHTNESS];
  double u = (lab[LIGHTNESS] - anchors[k][LIGHTNESS]) / h, v = 1.0 - u;
  for (int i = A; i <= B; i++)
    lab[i] = v * v * (1.0 + 2.0 * u) * anchors[k][i] + u * u * (1.0 + 2.0 * v) * anchors[k + 1][i] +
             h * u * v * (v * ramp_slope(anchors, ends, k, i) - u * ramp_slope(anchors, ends, k + 1, i));
}

static const map *map_find(const char *name) {
  for (int i = 0; i < MAPS; i++)
    if (strcmp(name, heat_colormap_names[i]) == 0) return &maps[i];
  return NULL;
}

bool heat_colormap(const char *name, unsigned char rgb[HEAT_COLOURS][3]) {
  const map *found = map_find(name);
  if (found == NULL) return false;
  double anchors[MOST_ANCHORS][LAB] = {{0.0}};
  for (int i = 0; i < found->anchors; i++) lab_from_bytes(found->rgb[i], anchors[i]);

  int last = found->anchors - 1;
  bool diverging = found->turn < last;
  for (int i = 0; i < HEAT_COLOURS; i++) {
    double t = (double)i / (HEAT_COLOURS - 1);
    bool upper = diverging && t > 0.5;
    const int ends[2] = {upper ? found->turn : 0, upper ? last : found->turn};
    double s = diverging ? 2.0 * t - (upper ? 1.0 : 0.0) : t;
    double lab[LAB];
    ramp_evaluate(anchors, ends, s, lab);
    lab_to_bytes(lab, rgb[i]);
  }
  return true;
}
