// SPDX-License-Identifier: GPL-2.0-or-later

// Package cli is the frame around the commands: how a command line becomes
// the call of one command, and how its result becomes output, messages and an
// exit status.
//
// The command line means what it means to upstream's tools (see
// docs/command-line.md): the first word is the command, the rest is read as
// getopt_long(3) does. cobra holds the commands, pflag their options, viper
// the configuration. A command itself is a Constructor in package command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
)

const programName = "scoutfs"

const (
	helpFlag  = "help"
	usageFlag = "usage"
)

// Run runs the program once and returns its exit status.
func Run(ctx context.Context, commands []Constructor, process Process) int {
	stdout := output.NewStdout(process.Stdout, false)
	env := &Env{
		Stdin:  process.Stdin,
		Now:    process.Now,
		Random: process.Random,
		stdout: stdout,
		stderr: process.Stderr,
		out:    output.New(output.Text, stdout),
		meter:  meter.None(),
		log:    slog.New(slog.NewTextHandler(process.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		config: &config.Config{},
	}
	root := newRoot(env, commands)
	args := process.Args[1:]
	if name, found := strings.CutSuffix(path.Base(process.Args[0]), "."+programName); found {
		args = append([]string{name}, args...)
	}
	status := run(ctx, env, root, args)
	if err := stdout.Flush(); err != nil && status == StatusOK {
		fmt.Fprintf(env.stderr, "%s: failed to write the output: %s\n", programName, errno.Text(err))
		status = StatusFailure
	}
	return status
}

func newRoot(env *Env, commands []Constructor) *cobra.Command {
	root := &cobra.Command{
		Use:               programName,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddGroup(groups()...)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.String("output", "text", "")
	flags.Bool(helpFlag, false, "")
	flags.Bool(usageFlag, false, "")
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		name, err := cmd.Flags().GetString("output")
		if err != nil {
			return err
		}
		form, err := output.ParseForm(name)
		if err != nil {
			return &UsageError{err.Error()}
		}
		env.out = output.New(form, env.stdout)
		return nil
	}
	for _, construct := range commands {
		cmd := construct(env)
		cmd.Flags().SortFlags = false
		root.AddCommand(cmd)
	}
	return root
}

func run(ctx context.Context, env *Env, root *cobra.Command, args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(env.stderr, "usage: scoutfs <command> [<args>]")
		return StatusFailure
	}
	cmd, _, err := root.Find(args[:1])
	if err != nil || cmd == root {
		fmt.Fprintf(env.stderr, "%s: unrecognized command: '%s'\n", programName, args[0])
		return StatusFailure
	}
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	return report(env.stderr, cmd, err)
}

func report(w io.Writer, cmd *cobra.Command, err error) int {
	if err == nil {
		return StatusOK
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		fmt.Fprintf(w, "%s: %s\n", cmd.Name(), usage.Message)
		return StatusUsage
	}
	fmt.Fprintln(w, err)
	fmt.Fprintf(w, "%s: %s failed: %s\n", programName, cmd.Name(), errno.Text(err))
	return StatusFailure
}
