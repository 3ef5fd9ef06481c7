// SPDX-License-Identifier: GPL-2.0-or-later

package manual

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const fillWidth = 78

// text writes plain text, as commands have it in their help, in mdoc:
// paragraphs are filled anew with a new line for each sentence, and indented
// lines are shown as they are.
func text(plain string) string {
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimSpace(plain), "\n\n") {
		if strings.HasPrefix(block, " ") {
			out.WriteString(literal(block) + "\n")
			continue
		}
		if i > 0 {
			out.WriteString(".Pp\n")
		}
		for _, sentence := range sentences(block) {
			out.WriteString(fill(sentence))
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// sentence writes the text about an option, which begins in lower case and
// ends without a full stop, as a sentence.
func sentence(plain string) string {
	first, size := utf8.DecodeRuneInString(plain)
	return text(string(unicode.ToUpper(first)) + plain[size:] + ".")
}

// sentences splits a paragraph behind the words that end a sentence.
func sentences(paragraph string) [][]string {
	var all [][]string
	var sentence []string
	for word := range strings.FieldsSeq(paragraph) {
		sentence = append(sentence, word)
		if strings.HasSuffix(word, ".") && !strings.HasPrefix(word, ".") && len(word) > 2 {
			all = append(all, sentence)
			sentence = nil
		}
	}
	if len(sentence) > 0 {
		all = append(all, sentence)
	}
	return all
}

// fill writes words in lines, none of which can be taken for a request.
func fill(words []string) string {
	var out strings.Builder
	line := ""
	for _, word := range words {
		word = escape(word, false)
		if line != "" && len(line)+1+len(word) > fillWidth {
			out.WriteString(line + "\n")
			line = ""
		}
		if line == "" {
			line = guard(word)
		} else {
			line += " " + word
		}
	}
	return out.String() + line + "\n"
}

// literal writes lines as they are, without the indentation they share.
func literal(plain string) string {
	lines := strings.Split(strings.Trim(plain, "\n"), "\n")
	indent := len(lines[0])
	for _, line := range lines {
		if trimmed := strings.TrimLeft(line, " "); trimmed != "" {
			indent = min(indent, len(line)-len(trimmed))
		}
	}
	var out strings.Builder
	out.WriteString(".Bd -literal -offset indent\n")
	for _, line := range lines {
		out.WriteString(guard(escape(line[min(indent, len(line)):], true)) + "\n")
	}
	return out.String() + ".Ed"
}

// words writes text as the arguments of a macro: none is a macro or a
// punctuation mark to it.
func words(plain string) string {
	var out []string
	for word := range strings.FieldsSeq(plain) {
		escaped := escape(word, false)
		if letters := strings.TrimFunc(word, unicode.IsPunct); letters == "" || len(word) == 2 && unicode.IsUpper(rune(word[0])) {
			escaped = `\&` + escaped
		}
		out = append(out, escaped)
	}
	return strings.Join(out, " ")
}

// escape writes what roff would take for something else. Dashes that a user
// types stay dashes that can be copied: those of code, and those that begin a
// word.
func escape(plain string, code bool) string {
	var out strings.Builder
	option := code || strings.HasPrefix(strings.TrimLeft(plain, "('\""), "-")
	for _, r := range plain {
		switch {
		case r == '\\':
			out.WriteString(`\e`)
		case r == '-' && option:
			out.WriteString(`\-`)
		case r == '\'' && code:
			out.WriteString(`\(aq`)
		case r == '`':
			out.WriteString(`\(ga`)
		case r == '^':
			out.WriteString(`\(ha`)
		case r == '~':
			out.WriteString(`\(ti`)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// guard keeps a line from being taken for a request.
func guard(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
