/* Small readers for the files of the program, which accept only well-formed files. */
#ifndef HEAT2D_TESTS_FORMATS_H
#define HEAT2D_TESTS_FORMATS_H

#include "command.h"

#include <hdf5.h>

/* JSON (RFC 8259), without checks of UTF-8. */

static inline const char *json_space(const char *at) {
  return at + strspn(at, " \t\r\n");
}

static inline const char *json_string(const char *at) {
  if (*at++ != '"') return NULL;
  for (; *at != '"'; at++) {
    if ((unsigned char)*at < ' ') return NULL;
    if (*at != '\\') continue;
    at++;
    if (*at == 'u') {
      for (int n = 0; n < 4; n++)
        if (!isxdigit((unsigned char)*++at)) return NULL;
    } else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
      return NULL;
    }
  }
  return at + 1;
}

static inline const char *json_digits(const char *at) {
  return isdigit((unsigned char)*at) ? at + strspn(at, "0123456789") : NULL;
}

static inline const char *json_number(const char *at) {
  if (*at == '-') at++;
  const bool zero = *at == '0';
  const char *end = json_digits(at);
  if (end == NULL || (zero && end != at + 1)) return NULL;
  if (*end == '.') end = json_digits(end + 1);
  if (end == NULL || (*end != 'e' && *end != 'E')) return end;
  end++;
  if (*end == '+' || *end == '-') end++;
  return json_digits(end);
}

/* Return the end of the value that begins at `at`; NULL if there is no value. Lists are not needed. */
static inline const char *json_value(const char *at) {
  static const char *const literals[] = {"null", "true", "false"};
  at = json_space(at);
  if (*at == '"') return json_string(at);
  for (size_t n = 0; n < sizeof literals / sizeof *literals; n++)
    if (strncmp(at, literals[n], strlen(literals[n])) == 0) return at + strlen(literals[n]);
  if (*at != '{') return json_number(at);
  at = json_space(at + 1);
  if (*at == '}') return at + 1;
  for (;;) {
    at = json_string(json_space(at));
    if (at == NULL || *(at = json_space(at)) != ':') return NULL;
    at = json_value(at + 1);
    if (at == NULL) return NULL;
    at = json_space(at);
    if (*at == '}') return at + 1;
    if (*at++ != ',') return NULL;
  }
}

static inline bool is_json(const char *text) {
  const char *end = json_value(text);
  return json_space(text)[0] == '{' && end != NULL && *json_space(end) == '\0';
}

/* Copy the text of a member of the outermost object to `value`. */
static inline bool json_member(const char *text, const char *name, char *value, size_t size) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\":", name);
  const char *at = strstr(text, quoted);
  if (at == NULL) return false;
  at = json_space(at + strlen(quoted));
  const char *end = json_value(at);
  if (end == NULL || (size_t)(end - at) >= size) return false;
  memcpy(value, at, (size_t)(end - at));
  value[end - at] = '\0';
  return true;
}

/* XML: elements are nested and closed, attributes are quoted, and there is no stray < or &. */

static inline const char *xml_name(const char *at) {
  return isalpha((unsigned char)*at)
             ? at + strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
             : NULL;
}

static inline const char *xml_text(const char *at, const char *stop) {
  static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
  for (; *at != '\0' && strchr(stop, *at) == NULL; at++) {
    if (*at == '<' || ((unsigned char)*at < ' ' && !isspace((unsigned char)*at))) return NULL;
    if (*at != '&') continue;
    bool known = false;
    for (size_t n = 0; n < sizeof entities / sizeof *entities; n++)
      known = known || strncmp(at, entities[n], strlen(entities[n])) == 0;
    if (!known) return NULL;
  }
  return at;
}

static inline const char *xml_element(const char *at) {
  const char *name = at + 1;
  if (*at != '<' || (at = xml_name(name)) == NULL) return NULL;
  const size_t length = (size_t)(at - name);
  for (at = json_space(at); *at != '>' && *at != '/'; at = json_space(at)) {
    at = xml_name(at);
    if (at == NULL || at[0] != '=' || at[1] != '"') return NULL;
    at = xml_text(at + 2, "\"");
    if (at == NULL || *at++ != '"') return NULL;
  }
  if (*at == '/') return at[1] == '>' ? at + 2 : NULL;
  for (at++;;) {
    at = xml_text(at, "<");
    if (at == NULL || *at == '\0') return NULL;
    if (at[1] == '/') break;
    at = xml_element(at);
    if (at == NULL) return NULL;
  }
  return strncmp(at + 2, name, length) == 0 && at[2 + length] == '>' ? at + 3 + length : NULL;
}

static inline bool is_xml(const char *text) {
  if (strncmp(text, "<?xml ", 6) == 0) {
    text = strstr(text, "?>");
    if (text == NULL) return false;
    text += 2;
  }
  const char *end = xml_element(json_space(text));
  while (end != NULL && strncmp(end = json_space(end), "<?", 2) == 0) { /* a processing instruction */
    end = xml_name(end + 2);
    end = end != NULL ? strstr(end, "?>") : NULL;
    end = end != NULL ? end + 2 : NULL;
  }
  return end != NULL && *json_space(end) == '\0';
}

static inline void *h5_dataset(hid_t file, const char *name, size_t *bytes) {
  const hid_t dataset = H5Dopen(file, name, H5P_DEFAULT);
  if (dataset < 0) return NULL;
  const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
  *bytes = (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
  void *values = calloc(*bytes + 1, 1);
  assert_non_null(values);
  assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(dataset);
  return values;
}

static inline void *h5_attribute(hid_t file, const char *name, size_t *bytes) {
  if (H5Aexists(file, name) <= 0) return NULL;
  const hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), space = H5Aget_space(attribute),
              type = H5Aget_type(attribute);
  *bytes = (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type);
  void *values = calloc(*bytes + 1, 1);
  assert_non_null(values);
  assert_true(H5Aread(attribute, type, values) >= 0);
  H5Tclose(type);
  H5Sclose(space);
  H5Aclose(attribute);
  return values;
}

typedef struct h5_pair {
  hid_t other;
  bool same;
} h5_pair;

static inline herr_t h5_compare(hid_t file, const char *name, const H5L_info_t *info, void *context) {
  (void)info;
  h5_pair *pair = context;
  size_t lengths[2] = {0, 1};
  void *first = h5_dataset(file, name, &lengths[0]);
  void *second = H5Lexists(pair->other, name, H5P_DEFAULT) > 0 ? h5_dataset(pair->other, name, &lengths[1]) : NULL;
  const bool same =
      first != NULL && second != NULL && lengths[0] == lengths[1] && memcmp(first, second, lengths[0]) == 0;
  if (!same) print_error("the dataset %s differs\n", name);
  pair->same = pair->same && same;
  free(first);
  free(second);
  return 0;
}

/* Whether two files have the same datasets with the same bits, and the same state. */
static inline bool same_state(const char *a, const char *b) {
  static const char *const attributes[] = {"time",        "step",        "dt",    "energy_start",
                                           "off_lattice", "source_heat", "steady"};
  H5Eset_auto(H5E_DEFAULT, NULL, NULL);
  const hid_t first = H5Fopen(a, H5F_ACC_RDONLY, H5P_DEFAULT), second = H5Fopen(b, H5F_ACC_RDONLY, H5P_DEFAULT);
  h5_pair pair = {.other = second, .same = first >= 0 && second >= 0};
  if (pair.same) {
    H5G_info_t counts[2];
    H5Gget_info(first, &counts[0]);
    H5Gget_info(second, &counts[1]);
    pair.same = counts[0].nlinks == counts[1].nlinks && counts[0].nlinks > 0;
    H5Literate(first, H5_INDEX_NAME, H5_ITER_INC, NULL, h5_compare, &pair);
  }
  for (size_t n = 0; n < sizeof attributes / sizeof *attributes && pair.same; n++) {
    size_t lengths[2] = {0, 0};
    void *one = h5_attribute(first, attributes[n], &lengths[0]),
         *two = h5_attribute(second, attributes[n], &lengths[1]);
    pair.same = lengths[0] == lengths[1] && (one == NULL) == (two == NULL) &&
                (one == NULL || memcmp(one, two, lengths[0]) == 0);
    if (!pair.same) print_error("the attribute %s differs\n", attributes[n]);
    free(one);
    free(two);
  }
  if (first >= 0) H5Fclose(first);
  if (second >= 0) H5Fclose(second);
  if (!pair.same) print_error("'%s' and '%s' are not the same state\n", a, b);
  return pair.same;
}

#endif
