/* The name of a member: for each key, the shortest end of the key that no other key has, and the value, as in
 * conductivity-16_left-value-300. Characters that are unusual in file names are replaced. A name that is too long is
 * cut, and then ends in digits of a hash of the whole name, so that names still differ. */
#define XXH_INLINE_ALL
#include "members_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { LONGEST_NAME = 100, LONGEST_VALUE = 40, HASH_DIGITS = 8 };

/* Cut a text to `most` characters, of which the last are digits of the hash of `whole`. */
static void mark(char *text, size_t most, const char *whole) {
  const size_t length = strlen(text), room = most - HASH_DIGITS - 1;
  const XXH64_hash_t hash = XXH3_64bits(whole, strlen(whole));
  snprintf(text + (length < room ? length : room), HASH_DIGITS + 2, "-%0*llx", HASH_DIGITS,
           (unsigned long long)(hash & 0xffffffffu));
}

/* Append a text without brackets and quotes, and with x for a comma between numbers: [64, 32] becomes 64x32. */
static void put_plain(char *label, size_t size, const char *text) {
  size_t used = 0;
  bool lossy = false;
  for (const char *c = text; *c != '\0' && used + 1 < size; c++) {
    const bool good = isalnum((unsigned char)*c) || strchr(".+-", *c) != NULL;
    if (good) {
      label[used++] = *c;
    } else if (*c == ',') {
      label[used++] = 'x';
    } else if (strchr("[]\" ", *c) == NULL) {
      lossy = true;
      if (used > 0 && label[used - 1] != '-') label[used++] = '-';
    }
  }
  label[used] = '\0';
  if (lossy || used > LONGEST_VALUE) mark(label, LONGEST_VALUE, text);
}

static bool ends_with(const char *key, const char *tail) {
  const size_t length = strlen(key), end = strlen(tail);
  return length >= end && strcmp(key + length - end, tail) == 0 && (length == end || key[length - end - 1] == '.');
}

/* The shortest end of a key, beginning after a dot, that no other key has; it is never a list position alone. */
static const char *short_key(const heat_members *members, const char *key) {
  const char *tail = key + strlen(key);
  bool alone = false;
  while (tail > key && (!alone || isdigit((unsigned char)*tail))) {
    for (tail--; tail > key && tail[-1] != '.';) tail--;
    int count = 0;
    for (int a = 0; a < members->axis_count; a++)
      for (int k = 0; k < members->axes[a].key_count; k++) count += ends_with(members->axes[a].keys[k].name, tail);
    alone = count == 1;
  }
  return tail;
}

void heat_axis_join(char name[HEAT_MEMBER_NAME], const char *label) {
  char whole[2 * HEAT_MEMBER_NAME];
  snprintf(whole, sizeof whole, "%s%s%s", name, *name != '\0' ? "_" : "", label);
  snprintf(name, HEAT_MEMBER_NAME, "%.*s", LONGEST_NAME, whole);
  if (strlen(whole) > LONGEST_NAME) mark(name, LONGEST_NAME, whole);
}

/* Write the label of one key and its value. */
static void label_of(const heat_members *members, const char *key, const heat_node *value,
                     char label[HEAT_MEMBER_NAME]) {
  char *text = NULL;
  size_t length = 0, used = 0;
  FILE *out = open_memstream(&text, &length);
  if (out != NULL) heat_node_write(out, value);
  if (out != NULL) fclose(out);
  for (const char *c = short_key(members, key); *c != '\0' && used < HEAT_MEMBER_NAME / 2; c++)
    label[used++] = (char)(isalnum((unsigned char)*c) || *c == '_' ? *c : '-');
  label[used++] = '-';
  put_plain(label + used, HEAT_MEMBER_NAME - used, text != NULL ? text : "");
  free(text);
}

void heat_axis_label(const heat_members *members, const heat_axis *axis, int64_t point, char label[HEAT_MEMBER_NAME]) {
  label[0] = '\0';
  for (int k = 0; k < axis->key_count; k++) {
    char one[HEAT_MEMBER_NAME];
    const heat_node *value = axis->values[point * axis->key_count + k];
    if (value == NULL) continue;
    label_of(members, axis->keys[k].name, value, one);
    heat_axis_join(label, one);
  }
  if (label[0] == '\0') snprintf(label, HEAT_MEMBER_NAME, "unchanged");
}
