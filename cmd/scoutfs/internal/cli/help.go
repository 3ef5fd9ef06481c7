// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Columns of argp's help text.
const (
	optionTextColumn = 29
	usageIndent      = 12
)

// WriteHelp writes what --help shows about cmd. name is what the user called
// it: "mkfs" or "mkfs.scoutfs".
func (p *Program) WriteHelp(w io.Writer, name string, cmd *cobra.Command) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("Usage: %s [OPTION...] %s", name, Operands(cmd)), " "))
	fmt.Fprintln(w, cmd.Short)
	if cmd.Long != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(cmd.Long))
	}
	if below := Family(cmd)[1:]; len(below) > 0 {
		fmt.Fprintf(w, "\nCommands:\n")
		for _, sub := range below {
			fmt.Fprintf(w, "  %s\n      %s\n", strings.TrimSpace(Name(sub)+" "+Operands(sub)), sub.Short)
		}
	}
	if own := OwnFlags(cmd); len(own) > 0 {
		fmt.Fprintf(w, "\nOptions:\n")
		writeOptions(w, own)
	}
	fmt.Fprintf(w, "\nOptions of every command:\n")
	writeOptions(w, p.GlobalFlags())
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", strings.TrimRight(cmd.Example, "\n"))
	}
}

// Operands is what cmd takes besides options, as its usage line shows it.
func Operands(cmd *cobra.Command) string {
	_, operands, _ := strings.Cut(cmd.Use, " ")
	return strings.TrimSpace(operands)
}

func writeOptions(w io.Writer, flags []*pflag.Flag) {
	for _, flag := range flags {
		short := "    "
		if letter := Letter(flag); letter != "" {
			short = "-" + letter + ", "
		}
		argument, text := pflag.UnquoteUsage(flag)
		head := "  " + short + "--" + flag.Name + optionArgument(flag, argument)
		switch {
		case len(head) > optionTextColumn+3:
			head += "\n" + strings.Repeat(" ", optionTextColumn)
		case len(head) >= optionTextColumn:
			head += "   "
		default:
			head += strings.Repeat(" ", optionTextColumn-len(head))
		}
		fmt.Fprintln(w, head+hang(text, lastLineLen(head), optionTextColumn))
	}
}

// Letter returns the short form of a flag, or "".
func Letter(flag *pflag.Flag) string {
	if flag.Name == helpFlag {
		return "?"
	}
	return flag.Shorthand
}

// optionArgument returns "=VALUE" for an option that takes one.
func optionArgument(flag *pflag.Flag, argument string) string {
	switch {
	case argument == "":
		return ""
	case flag.NoOptDefVal != "":
		return "[=" + argument + "]"
	}
	return "=" + argument
}

// hang breaks text that begins at a column, and indents the lines that follow
// the first.
func hang(text string, column, indent int) string {
	first := fill(text, rightMargin-column)
	if len(first) == 1 {
		return text
	}
	rest := strings.TrimLeft(text[len(first[0]):], " ")
	lines := slices.Concat(first[:1], fill(rest, rightMargin-indent))
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

func lastLineLen(text string) int {
	return len(text) - 1 - strings.LastIndexByte(text, '\n')
}

// WriteSynopsis writes what --usage shows about cmd, in argp's form.
func (p *Program) WriteSynopsis(w io.Writer, name string, cmd *cobra.Command) {
	var letters, short, long []string
	for _, flag := range append(OwnFlags(cmd), p.GlobalFlags()...) {
		argument, _ := pflag.UnquoteUsage(flag)
		letter := Letter(flag)
		switch {
		case letter != "" && argument == "":
			letters = append(letters, letter)
		case letter != "":
			short = append(short, fmt.Sprintf("[-%s %s]", letter, argument))
		}
		long = append(long, fmt.Sprintf("[--%s%s]", flag.Name, optionArgument(flag, argument)))
	}
	words := append([]string{"[-" + strings.Join(letters, "") + "]"}, short...)
	words = append(append(words, long...), strings.Fields(Operands(cmd))...)
	line := "Usage: " + name
	for _, word := range words {
		if len(line)+1+len(word) >= rightMargin {
			fmt.Fprintln(w, line)
			line = strings.Repeat(" ", usageIndent-1)
		}
		line += " " + word
	}
	fmt.Fprintln(w, line)
}
