// SPDX-License-Identifier: GPL-2.0-or-later

package command_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/command"
	"scoutfs/cmd/scoutfs/internal/config"
)

func TestEveryCommandIsDescribed(t *testing.T) {
	t.Parallel()
	program := cli.NewProgram(command.All())
	for _, cmd := range program.Commands {
		t.Run(cli.Name(cmd), func(t *testing.T) {
			t.Parallel()
			if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || !unicode.IsUpper(rune(cmd.Short[0])) {
				t.Errorf("the line about it is %q", cmd.Short)
			}
			if !program.Root.ContainsGroup(cmd.GroupID) {
				t.Errorf("it is in no group: %q", cmd.GroupID)
			}
			for _, flag := range cli.OwnFlags(cmd) {
				argument, text := pflag.UnquoteUsage(flag)
				if text == "" || strings.HasSuffix(text, ".") {
					t.Errorf("--%s: the text is %q", flag.Name, text)
				}
				if argument != "" && argument == strings.ToLower(argument) {
					t.Errorf("--%s: its value has no name in backquotes: %q", flag.Name, flag.Usage)
				}
				if program.Root.PersistentFlags().Lookup(flag.Name) != nil {
					t.Errorf("--%s: every command has an option of this name", flag.Name)
				}
			}
		})
	}
}

func TestHelpFitsOnATerminal(t *testing.T) {
	t.Parallel()
	program := cli.NewProgram(command.All())
	for _, cmd := range program.Commands {
		var help, usage bytes.Buffer
		program.WriteHelp(&help, cli.Name(cmd), cmd)
		program.WriteSynopsis(&usage, cli.Name(cmd), cmd)
		text, _, _ := strings.Cut(help.String(), "\nExamples:\n")
		for line := range strings.Lines(text + usage.String()) {
			if len(strings.TrimSuffix(line, "\n")) > 79 {
				t.Errorf("%s: %s", cli.Name(cmd), line)
			}
		}
	}
}

// These switch off what protects a volume.
func TestDangerousOptionsAreNotConfigurable(t *testing.T) {
	t.Parallel()
	found := 0
	for _, cmd := range cli.NewProgram(command.All()).Commands {
		for _, flag := range cli.OwnFlags(cmd) {
			switch flag.Name {
			case "force", "yes", "offline", "allow-small-size", "discard":
				found++
				if config.Configurable(flag) {
					t.Errorf("%s --%s can be configured", cli.Name(cmd), flag.Name)
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d such options found", found)
	}
}
