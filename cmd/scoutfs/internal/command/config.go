// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/output"
)

// configRow is one option as config reports it.
type configRow struct {
	Key    string `json:"key"` // as in the configuration file
	Value  string `json:"value"`
	Source string `json:"source"`         // default, file or environment
	Name   string `json:"name,omitempty"` // of the file or the variable
	place  string // for people
}

func newConfig(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config [COMMAND]",
		GroupID: cli.GroupProgram,
		Short:   "Show the values of options and where they come from",
		Long: `Shows the values that options have when the command line does not set them:
from an environment variable, from the configuration file, or built in. With
COMMAND shows every option that can be configured for that command, else the
options of every command and whatever is configured for any.`,
		Example: `  scoutfs config
  SCOUTFS_PRINT_OUTPUT=jsonl scoutfs config print --output table`,
		ValidArgsFunction: completeCommand(env),
		RunE: func(_ *cobra.Command, operands []string) error {
			rows, err := configRows(env, operands)
			if err != nil {
				return err
			}
			return writeConfig(env.Output(), rows)
		},
	}
	cli.Reports(cmd, output.Table, output.JSON, output.JSONL)
	return cmd
}

func configRows(env *cli.Env, operands []string) ([]configRow, error) {
	program := env.Program()
	if len(operands) == 0 {
		return generalRows(env.Config(), program)
	}
	cmd, rest := program.Find(operands)
	if cmd == nil || len(rest) > 0 {
		return nil, cli.Usagef("no such command: '%s'", strings.Join(operands, " "))
	}
	flags := append(cli.OwnFlags(cmd), program.GlobalFlags()...)
	return settingRows(env.Config(), cmd, flags, func(config.Setting) bool { return true })
}

// generalRows are the options of every command, and what is configured for
// one command.
func generalRows(c *config.Config, program *cli.Program) ([]configRow, error) {
	rows, err := settingRows(c, program.Root, program.GlobalFlags(), func(config.Setting) bool { return true })
	if err != nil {
		return nil, err
	}
	for _, cmd := range program.Commands {
		flags := append(cli.OwnFlags(cmd), program.GlobalFlags()...)
		configured, err := settingRows(c, cmd, flags, func(s config.Setting) bool {
			return s.Origin.Layer != config.Default && !s.Origin.General
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, configured...)
	}
	return rows, nil
}

// settingRows are the flags of cmd that can be configured and whose setting
// is wanted. A value that the command would refuse is an error.
func settingRows(c *config.Config, cmd *cobra.Command, flags []*pflag.Flag, want func(config.Setting) bool) ([]configRow, error) {
	var rows []configRow
	for _, flag := range flags {
		setting, err := c.Find(cmd, flag)
		if err != nil {
			return nil, err
		}
		if !config.Configurable(flag) || !want(setting) {
			continue
		}
		if setting.Origin.Layer != config.Default {
			if err := setting.Set(); err != nil {
				return nil, err
			}
		}
		rows = append(rows, configRow{
			Key:    setting.Key(cmd),
			Value:  strings.Join(setting.Values, " "),
			Source: setting.Origin.Layer.String(),
			Name:   setting.Origin.Name,
			place:  setting.Origin.Place(),
		})
	}
	return rows, nil
}

func writeConfig(out *output.Writer, rows []configRow) error {
	switch out.Form() {
	case output.JSON, output.JSONL:
		list := out.List()
		for _, row := range rows {
			if err := list.Add(row); err != nil {
				return err
			}
		}
		return list.Close()
	case output.Table:
		table := out.Table(output.Column{Name: "KEY"}, output.Column{Name: "VALUE"}, output.Column{Name: "FROM"})
		for _, row := range rows {
			table.Row(row.Key, row.Value, row.place)
		}
		return table.Close()
	}
	for _, row := range rows {
		out.Printf("%s: %s (%s)\n", row.Key, row.Value, row.place)
	}
	return out.Err()
}
