/* Writes drawings to files: PNG (ISO/IEC 15948) with libpng, SVG and PDF with cairo. Each file names heat2d as its
 * software in a place where heat_recognise finds it. */
#include "picture_private.h"

#include "heat2d/io/directory.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const heat_picture_formats[] = {"png", "svg", "pdf", NULL};

/* An open file and the first failure to write it. */
typedef struct sink {
  FILE *file;
  const char *path;
  heat_status status;
} sink;

/* Keep `error`, an errno, unless something has failed before. */
static void sink_fail(sink *out, int error) {
  if (out->status.code == HEAT_OK)
    out->status = heat_fail(HEAT_IO, "%s: cannot write the picture: %s", out->path, strerror(error));
}

static bool sink_put(sink *out, const unsigned char *bytes, size_t count) {
  errno = 0;
  if (out->status.code != HEAT_OK) return false;
  if (fwrite(bytes, 1, count, out->file) == count) return true;
  sink_fail(out, errno);
  return false;
}

static void png_sink_write(png_structp png, png_bytep bytes, size_t count) {
  if (!sink_put(png_get_io_ptr(png), bytes, count)) png_error(png, "write");
}

/* The file is flushed once, when it is complete. */
static void png_sink_flush(png_structp png) {
  (void)png;
}

static void png_sink_error(png_structp png, png_const_charp message) {
  sink *out = png_get_error_ptr(png);
  if (out->status.code == HEAT_OK)
    out->status = heat_fail(HEAT_IO, "%s: cannot encode the picture: %s", out->path, message);
  png_longjmp(png, 1);
}

static void png_sink_warn(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

/* Convert a row of pixels in place from 32-bit words xRGB to bytes RGB. Word n has been read before the bytes 3 n to 3
 * n + 2 are written. */
static void pack_row(unsigned char *row, int width) {
  for (int n = 0; n < width; n++) {
    uint32_t word;
    memcpy(&word, row + sizeof word * (size_t)n, sizeof word);
    const unsigned char rgb[] = {(unsigned char)(word >> 16), (unsigned char)(word >> 8), (unsigned char)word};
    memcpy(row + sizeof rgb * (size_t)n, rgb, sizeof rgb);
  }
}

/* Encode the surface. Errors of the library return here by longjmp, so that this function allocates nothing and changes
 * no local variable. */
static void png_encode(png_structp png, png_infop info, cairo_surface_t *surface, const heat_canvas *canvas) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  /* `quick` is a deflate level that is twice as fast as the default, with files that are hardly larger. */
  const int bits = 8, quick = 3;
  png_text notes[] = {
      {.compression = PNG_TEXT_COMPRESSION_NONE, .key = (char[]){"Software"}, .text = (char[]){"heat2d"}},
      {.compression = PNG_ITXT_COMPRESSION_NONE, .key = (char[]){"Title"}, .text = (char *)canvas->title},
  };
  png_set_compression_level(png, quick);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE); /* bands of one colour are smallest without a filter */
  png_set_IHDR(png, info, (png_uint_32)canvas->width, (png_uint_32)canvas->height, bits, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_set_text(png, info, notes, canvas->title[0] != '\0' ? 2 : 1);
  png_write_info(png, info);
  unsigned char *pixels = cairo_image_surface_get_data(surface);
  const int stride = cairo_image_surface_get_stride(surface);
  for (int y = 0; y < canvas->height; y++) {
    unsigned char *row = pixels + (ptrdiff_t)y * stride;
    pack_row(row, canvas->width);
    png_write_row(png, row);
  }
  png_write_end(png, info);
}

static void write_png(sink *out, const heat_canvas *canvas, heat_draw_function *paint, void *context) {
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, canvas->width, canvas->height);
  cairo_t *cairo = cairo_create(surface);
  paint(cairo, context);
  cairo_surface_flush(surface);
  const bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
  cairo_destroy(cairo);
  png_structp png = drawn ? png_create_write_struct(PNG_LIBPNG_VER_STRING, out, png_sink_error, png_sink_warn) : NULL;
  png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
  if (info != NULL) {
    png_set_write_fn(png, out, png_sink_write, png_sink_flush);
    png_encode(png, info, surface, canvas);
  } else {
    sink_fail(out, ENOMEM);
  }
  png_destroy_write_struct(&png, &info);
  cairo_surface_destroy(surface);
}

static cairo_status_t stream(void *context, const unsigned char *bytes, unsigned count) {
  return sink_put(context, bytes, count) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* Draw on a surface whose bytes are written to a sink, and destroy the surface. */
static void draw_vectors(sink *out, cairo_surface_t *surface, heat_draw_function *paint, void *context) {
  cairo_t *cairo = cairo_create(surface);
  paint(cairo, context);
  const bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
  cairo_destroy(cairo);
  cairo_surface_finish(surface);
  if (!drawn || cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) sink_fail(out, ENOMEM);
  cairo_surface_destroy(surface);
}

static void write_pdf(sink *out, const heat_canvas *canvas, heat_draw_function *paint, void *context) {
  cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(stream, out, canvas->width, canvas->height);
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "heat2d");
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, canvas->title);
  /* A constant date, so that the bytes depend only on what is drawn. */
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
  draw_vectors(out, surface, paint, context);
}

/* The SVG is drawn in memory first, because its identifiers have to be renumbered. */
static void write_svg(sink *out, const heat_canvas *canvas, heat_draw_function *paint, void *context) {
  static const char note[] = "<!-- Software: heat2d -->\n";
  char *text = NULL, *renumbered = NULL;
  size_t length = 0;
  sink memory = {.file = open_memstream(&text, &length), .path = out->path, .status = heat_ok()};
  if (memory.file == NULL) {
    sink_fail(out, ENOMEM);
    return;
  }
  draw_vectors(&memory, cairo_svg_surface_create_for_stream(stream, &memory, canvas->width, canvas->height), paint,
               context);
  if (fclose(memory.file) == 0 && memory.status.code == HEAT_OK) renumbered = heat_svg_renumber(text, &length);
  if (renumbered == NULL)
    sink_fail(out, ENOMEM);
  else if (sink_put(out, (const unsigned char *)renumbered, length))
    sink_put(out, (const unsigned char *)note, sizeof note - 1);
  free(text);
  free(renumbered);
}

heat_status heat_canvas_write(const heat_canvas *canvas, heat_draw_function *paint, void *context, const char *path) {
  sink out = {.path = path, .status = heat_ok()};
  const heat_status made = heat_directory_create(&out.file, path);
  if (made.code != HEAT_OK) return made;
  if (canvas->format == HEAT_PICTURE_PNG)
    write_png(&out, canvas, paint, context);
  else if (canvas->format == HEAT_PICTURE_PDF)
    write_pdf(&out, canvas, paint, context);
  else
    write_svg(&out, canvas, paint, context);
  if (fflush(out.file) != 0) sink_fail(&out, errno);
  if (out.status.code == HEAT_OK && fsync(fileno(out.file)) != 0) sink_fail(&out, errno);
  if (fclose(out.file) != 0) sink_fail(&out, errno);
  return out.status;
}
