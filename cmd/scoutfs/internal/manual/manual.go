// SPDX-License-Identifier: GPL-2.0-or-later

// Package manual writes manual pages from the program itself, in the mdoc
// language, so that page and program cannot disagree: scoutfs(8) from the
// commands, and scoutfs-fsck(7) from the table of problems. What is not about
// one of these stands in the templates.
package manual

import (
	_ "embed"
	"io"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/fsck/problem"
)

//go:embed page.8.tmpl
var source string

//go:embed problems.7.tmpl
var problemsSource string

// page is what the template shows.
type page struct {
	Groups  []group
	Options []option // of every command
}

type group struct {
	Title    string
	Commands []command
}

type command struct {
	Name     string
	Operands string
	Short    string
	Long     string
	Example  string
	Forms    string // of its report; empty if there is only text
	CalledAs []string
	Options  []option
}

type option struct {
	Letter          string // empty if there is none
	Name            string
	Argument        string // empty if there is none
	Text            string
	CommandLineOnly bool
}

// Write writes the page about program.
func Write(w io.Writer, program *cli.Program) error {
	return write(w, source, describe(program))
}

// WriteProblems writes the page about what fsck can find.
func WriteProblems(w io.Writer) error {
	return write(w, problemsSource, problem.Groups())
}

func write(w io.Writer, source string, page any) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"text":     text,
		"sentence": sentence,
		"literal":  literal,
		"words":    words,
		"heading":  strings.ToUpper,
		"repair":   repair,
		"list":     list,
	}).Parse(source)
	if err != nil {
		return err
	}
	return t.Execute(w, page)
}

// repair says how a problem can be repaired.
func repair(r problem.Repair) string {
	return [...]string{"never repaired", "repaired automatically", "repaired after a question"}[r]
}

// list writes names as the arguments of a macro.
func list(names []string) string { return strings.Join(names, " , ") }

func describe(program *cli.Program) page {
	p := page{Options: optionsOf(program.GlobalFlags(), false)}
	for _, g := range program.Root.Groups() {
		described := group{Title: g.Title}
		for _, cmd := range program.Commands {
			if cmd.GroupID != g.ID || cmd.Hidden {
				continue
			}
			for _, each := range cli.Family(cmd) {
				described.Commands = append(described.Commands, commandOf(each))
			}
		}
		if len(described.Commands) > 0 {
			p.Groups = append(p.Groups, described)
		}
	}
	return p
}

func commandOf(cmd *cobra.Command) command {
	c := command{
		Name:     cli.Name(cmd),
		Operands: cli.Operands(cmd),
		Short:    cmd.Short,
		Long:     cmd.Long,
		Example:  cmd.Example,
		CalledAs: cli.OtherNames(cmd),
		Options:  optionsOf(cli.OwnFlags(cmd), true),
	}
	if forms := cli.Forms(cmd); len(forms) > 1 {
		c.Forms = strings.Join(forms, ", ")
	}
	return c
}

func optionsOf(flags []*pflag.Flag, own bool) []option {
	var options []option
	for _, flag := range flags {
		if flag.Hidden {
			continue
		}
		argument, text := pflag.UnquoteUsage(flag)
		options = append(options, option{
			Letter:          cli.Letter(flag),
			Name:            flag.Name,
			Argument:        argument,
			Text:            text,
			CommandLineOnly: own && !config.Configurable(flag),
		})
	}
	return options
}
