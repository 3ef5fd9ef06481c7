// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
)

// programName is what the program is called in messages.
const programName = "scoutfs"

// Program is the tree of commands with the options they share.
type Program struct {
	Root *cobra.Command

	// Commands are the commands in the order in which they are listed; cobra
	// sorts its own list by name.
	Commands []*cobra.Command
}

// NewProgram returns a tree of commands that is only looked at.
func NewProgram(constructors []Constructor) *Program {
	env := &Env{stdout: output.NewStdout(io.Discard, false), stderr: meter.NewScreen(io.Discard, nil)}
	return newProgram(env, Process{}, constructors)
}

// newProgram makes the tree of one run. Its root prepares env before any
// command runs.
func newProgram(env *Env, process Process, constructors []Constructor) *Program {
	root := &cobra.Command{
		Use:                        programName,
		SilenceErrors:              true,
		SilenceUsage:               true,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
		SuggestionsMinimumDistance: 2,
	}
	p := &Program{Root: root}
	var g globals
	g.define(root.PersistentFlags())
	completeChoices(root, root.PersistentFlags())
	root.AddGroup(groups()...)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		return env.prepare(cmd, &g, process)
	}
	for _, construct := range constructors {
		cmd := construct(env)
		for _, each := range Family(cmd) {
			each.Flags().SortFlags = false
			each.DisableFlagsInUseLine = true
			completeChoices(each, each.Flags())
		}
		root.AddCommand(cmd)
		if cmd.Name() == "help" {
			root.SetHelpCommand(cmd)
		}
		p.Commands = append(p.Commands, cmd)
	}
	return p
}

// Family returns a command and those below it, each before its own, ordered by
// name.
func Family(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, Family(sub)...)
	}
	return all
}

// completeChoices lets shells complete the words that options can be.
func completeChoices(cmd *cobra.Command, flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) {
		choice, ok := flag.Value.(interface{ Words() []string })
		if _, already := cmd.GetFlagCompletionFunc(flag.Name); !ok || already {
			return
		}
		words := cobra.FixedCompletions(choice.Words(), cobra.ShellCompDirectiveNoFileComp)
		if err := cmd.RegisterFlagCompletionFunc(flag.Name, words); err != nil {
			panic(err) // neither does the flag not exist, nor has it words already
		}
	})
}

// Find returns the command that words begin with, and the words after its
// name. It is nil if there is none.
func (p *Program) Find(words []string) (*cobra.Command, []string) {
	cmd := p.Root
	for len(words) > 0 {
		sub := child(cmd, words[0])
		if sub == nil {
			break
		}
		cmd, words = sub, words[1:]
	}
	if cmd == p.Root {
		return nil, words
	}
	return cmd, words
}

func child(cmd *cobra.Command, name string) *cobra.Command {
	for _, sub := range cmd.Commands() {
		if sub.Name() == name || sub.HasAlias(name) {
			return sub
		}
	}
	return nil
}

// calledAs returns the command that the program stands for when it is called
// by a name of that command's own, such as mkfs.scoutfs, or nil.
func (p *Program) calledAs(name string) *cobra.Command {
	for _, cmd := range p.Commands {
		if slices.Contains(OtherNames(cmd), name) {
			return cmd
		}
	}
	return nil
}

// OwnFlags returns the options of cmd, without those of every command, in the
// order in which they were defined.
func OwnFlags(cmd *cobra.Command) []*pflag.Flag {
	global := cmd.Root().PersistentFlags()
	return visible(cmd.Flags(), func(flag *pflag.Flag) bool { return global.Lookup(flag.Name) != flag })
}

// GlobalFlags returns the options of every command.
func (p *Program) GlobalFlags() []*pflag.Flag {
	return visible(p.Root.PersistentFlags(), func(*pflag.Flag) bool { return true })
}

func visible(set *pflag.FlagSet, want func(*pflag.Flag) bool) []*pflag.Flag {
	var flags []*pflag.Flag
	set.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden && want(flag) {
			flags = append(flags, flag)
		}
	})
	return flags
}

// Name is what a user types for cmd, without the program's name.
func Name(cmd *cobra.Command) string {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	return name
}
