/* Writes a tree as YAML text that reads back to the same tree. */
#include "config_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether a text needs no quotes, because every YAML reader takes it for a text. */
static bool is_plain(const char *text) {
  static const char *const reserved[] = {"true", "false", "null", "yes", "no", "on", "off", "auto", "y", "n"};
  static const char first[] = "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static const char others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  if (strspn(text, first) == 0 || text[strspn(text, others)] != '\0') return false;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    if (strcasecmp(text, reserved[i]) == 0) return false;
  }
  return true;
}

/* Return the next character of a UTF-8 text, which the YAML parser has found to be valid, and move `*text` behind
 * it. */
static unsigned long next_character(const unsigned char **text) {
  const unsigned char *c = *text;
  int more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
  unsigned long code = more == 0 ? *c : *c & (0x3fu >> more);
  for (int i = 1; i <= more; i++) code = code << 6 | (c[i] & 0x3fu);
  *text += more + 1;
  return code;
}

/* Write a text in double quotes. Control characters, line and page breaks, and marks that readers change or refuse are
 * escaped. */
void heat_text_write(FILE *out, const char *text) {
  fputc('"', out);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
    const unsigned char *from = c;
    unsigned long code = next_character(&c);
    bool unsafe = code < ' ' || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
                  (code & 0xfffe) == 0xfffe;
    if (code == '"' || code == '\\') {
      fprintf(out, "\\%c", (int)code);
    } else if (unsafe) {
      fprintf(out, "\\U%08lx", code);
    } else {
      fwrite(from, 1, (size_t)(c - from), out);
    }
  }
  fputc('"', out);
}

/* Whether a value whose type no option determines reads back as the same text or number without quotes. */
static bool is_word(const char *text) {
  static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_0123456789./";
  return text[strspn(text, usual)] == '\0';
}

static void write_unchecked(FILE *out, const heat_node *node) {
  char *end, number[HEAT_NUMBER_TEXT];
  const double value = strtod(node->text, &end);
  if (!node->quoted && end != node->text && *end == '\0') {
    heat_number_write(number, value + 0.0);
    fputs(number, out);
  } else if (!node->quoted && is_word(node->text)) {
    fputs(node->text, out);
  } else {
    heat_text_write(out, node->text);
  }
}

static void write_scalar(FILE *out, const heat_node *node) {
  const heat_option *option = node->option;
  if (option == NULL) {
    write_unchecked(out, node);
    return;
  }
  bool is_name = option->type == HEAT_CHOICE || option->type == HEAT_BOOLEAN ||
                 ((option->flags & HEAT_AUTO) != 0 && strcmp(node->text, "auto") == 0);
  if (node->is_number || is_name || (option->type == HEAT_TEXT && is_plain(node->text))) {
    fputs(node->text, out);
  } else {
    heat_text_write(out, node->text);
  }
}

void heat_node_write(FILE *out, const heat_node *node) {
  if (node->kind == HEAT_NODE_SCALAR) {
    write_scalar(out, node);
    return;
  }
  fputc(node->kind == HEAT_NODE_LIST ? '[' : '{', out);
  for (int i = 0; i < node->count; i++) {
    if (i > 0) fputs(", ", out);
    if (node->kind == HEAT_NODE_MAP) fprintf(out, "%s: ", node->entries[i]->key);
    heat_node_write(out, node->entries[i]);
  }
  fputc(node->kind == HEAT_NODE_LIST ? ']' : '}', out);
}

/* Write "key: value # unit". Top-level sections and lists of sections get a line for each entry. */
static void write_entry(FILE *out, const heat_node *node, int depth) {
  const heat_option *option = node->option;
  bool is_section = option->type == HEAT_SECTION && depth == 0, is_list = option->type == HEAT_LIST && node->count > 0;
  fprintf(out, "%*s%s:", 2 * depth, "", node->key);
  if (!is_section && !is_list) {
    fputc(' ', out);
    heat_node_write(out, node);
    if (option->unit != NULL) fprintf(out, "  # %s", option->unit);
  }
  fputc('\n', out);
  for (int i = 0; i < node->count && (is_section || is_list); i++) {
    if (is_section) {
      write_entry(out, node->entries[i], depth + 1);
    } else {
      fprintf(out, "%*s- ", 2 * depth + 2, "");
      heat_node_write(out, node->entries[i]);
      fputc('\n', out);
    }
  }
}

void heat_tree_write(FILE *out, const heat_node *root) {
  for (int i = 0; i < root->count; i++) write_entry(out, root->entries[i], 0);
}
