// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
)

func newHelp(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "help [COMMAND]",
		GroupID:           cli.GroupProgram,
		Short:             "List the commands, or tell about one",
		ValidArgsFunction: completeCommand(env),
		RunE: func(_ *cobra.Command, operands []string) error {
			program, out := env.Program(), env.Output()
			if len(operands) == 0 {
				program.WriteUsage(out)
				return out.Err()
			}
			cmd, rest := program.Find(operands)
			if cmd == nil || len(rest) > 0 {
				return cli.Usagef("no such command: '%s'", strings.Join(operands, " "))
			}
			program.WriteHelp(out, cli.Name(cmd), cmd)
			return out.Err()
		},
	}
	cli.Plain(cmd)
	return cmd
}

// completeCommand completes the name of a command.
func completeCommand(env *cli.Env) cobra.CompletionFunc {
	return func(_ *cobra.Command, operands []string, _ string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, cmd := range env.Program().Commands {
			if len(operands) == 0 {
				names = append(names, cobra.CompletionWithDesc(cmd.Name(), cmd.Short))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
