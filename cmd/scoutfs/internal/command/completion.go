// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
)

func newCompletion(env *cli.Env) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		GroupID:   cli.GroupProgram,
		Short:     "Write a script that completes command lines in a shell",
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) != 1 {
				return cli.Usagef("must name one shell: bash, zsh, fish or powershell")
			}
			root, out := cmd.Root(), env.Output()
			switch operands[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return cli.Usagef("unknown shell '%s', use one of bash, zsh, fish, powershell", operands[0])
		},
	}
}
