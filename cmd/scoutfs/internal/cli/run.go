// SPDX-License-Identifier: GPL-2.0-or-later

// Package cli is the frame around the commands: how a command line becomes
// the call of one command, and how its result becomes output, messages and an
// exit status.
//
// A command line means what it means to upstream's tools: the first word is
// the command, the rest is read as getopt_long(3) does. cobra holds the
// commands and runs them, pflag holds their options, viper the configuration.
// A command itself is a Constructor, see package command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/getopt"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
)

// errClosedOutput is a standard output that nobody reads any more. It ends
// the program as SIGPIPE would, without a word.
var errClosedOutput = errors.New("standard output is closed")

// Run runs the program once and returns its exit status.
func Run(ctx context.Context, constructors []Constructor, process Process) int {
	stderr := meter.NewScreen(process.Stderr, process.LookupEnv)
	stdout := newStdout(process.Stdout, stderr)
	form := guessForm(process)
	env := &Env{
		Stdin:   process.Stdin,
		Now:     process.Now,
		Random:  process.Random,
		Version: process.Version,
		stderr:  stderr,
		stdout:  stdout,
		columns: meter.Columns(process.Stdout),
		out:     output.New(form, stdout),
		meter:   meter.New(meter.None, stderr, meter.Options{}),
		log:     slog.New(slog.DiscardHandler),
	}
	env.program = newProgram(env, process, constructors)
	run := &run{
		env:      env,
		program:  env.program,
		reporter: &reporter{w: stderr, form: form, program: programName, usageStatus: StatusUsage},
	}
	return run.run(ctx, process.Args)
}

// newStdout returns a standard output in whose way the bar never is.
func newStdout(w io.Writer, screen *meter.Screen) *output.Stdout {
	if meter.Terminal(w) {
		return output.NewStdout(screen.Share(w), true)
	}
	return output.NewStdout(w, false)
}

// guessForm returns the form that errors before the reading of options have.
func guessForm(process Process) output.Form {
	name, _ := process.LookupEnv("SCOUTFS_OUTPUT")
	for i, word := range process.Args {
		if value, found := strings.CutPrefix(word, "--"+outputFlag+"="); found {
			name = value
		} else if word == "--"+outputFlag && i+1 < len(process.Args) {
			name = process.Args[i+1]
		}
	}
	form, err := output.ParseForm(name)
	if err != nil {
		return output.Text
	}
	return form
}

// run is one run of the program.
type run struct {
	env      *Env
	program  *Program
	reporter *reporter
}

func (r *run) run(ctx context.Context, args []string) int {
	err := r.dispatch(ctx, args)
	r.env.meter.Close()
	err = r.finishOutput(err)
	r.reporter.report(err)
	return r.reporter.exitStatus(err)
}

// finishOutput writes what is buffered. Output that got lost is a failure
// even of a command that did not notice, but does not hide another failure.
func (r *run) finishOutput(err error) error {
	lost := r.env.stdout.Flush()
	switch {
	case lost == nil, err != nil && !errors.Is(err, lost):
		return err
	case errors.Is(lost, syscall.EPIPE):
		return errClosedOutput
	}
	return Failf(lost, "failed to write the standard output: %s", errno.Text(lost))
}

// dispatch finds the command that args asks for and runs it.
func (r *run) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		args = []string{programName}
	}
	words := slices.Clone(args[1:])
	if name := path.Base(args[0]); r.program.calledAs(name) != nil {
		r.reporter.program = name
		words = append([]string{Name(r.program.calledAs(name))}, words...)
	}
	if len(words) == 0 {
		r.program.WriteUsage(r.env.stderr)
		return WithStatus(StatusFailure, nil)
	}
	switch words[0] {
	case "--help", "-h", "-?", "--usage":
		words[0] = "help"
	case "--version":
		words[0] = "version"
	case cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		r.program.Root.SetArgs(words)
		return r.program.Root.ExecuteContext(ctx)
	}
	cmd, rest := r.program.Find(words)
	if cmd == nil {
		return r.unknown(words[0])
	}
	r.reporter.command = Name(cmd)
	r.reporter.prefix = Name(cmd)
	r.reporter.usageStatus = usageStatus(cmd)
	if r.reporter.program != programName {
		r.reporter.prefix = r.reporter.program
	}
	return r.execute(ctx, cmd, rest)
}

// unknown reports a word that is no command.
func (r *run) unknown(word string) error {
	suggestions := r.program.Root.SuggestionsFor(word)
	if r.reporter.form.Machine() {
		r.reporter.command = word
		return Failf(syscall.EINVAL, "unrecognized command: '%s'", word)
	}
	fmt.Fprintf(r.env.stderr, "%s: unrecognized command: '%s'\n", programName, word)
	r.program.WriteUsage(r.env.stderr)
	if len(suggestions) > 0 {
		fmt.Fprintf(r.env.stderr, "\nDid you mean '%s'?\n", strings.Join(suggestions, "' or '"))
	}
	return WithStatus(StatusFailure, nil)
}

// execute reads the options of cmd and runs it. Errors are those of the first
// word at fault, be it an option that does not exist or a value that is wrong.
func (r *run) execute(ctx context.Context, cmd *cobra.Command, words []string) error {
	options := optionsOf(cmd)
	settings, operands, err := getopt.Parse(options, words)
	asked := ""
	if n := len(settings); n > 0 && settings[n-1].Option.Last {
		asked, settings = settings[n-1].Option.Long, settings[:n-1]
	}
	if err != nil || asked != "" {
		if wrong := cmd.ParseFlags(cobraWords(settings, nil)); wrong != nil {
			return flagError(wrong)
		}
	}
	switch {
	case err != nil:
		return &UsageError{err.Error()}
	case asked == helpFlag:
		r.program.WriteHelp(r.env.stdout, r.reporter.prefix, cmd)
		return nil
	case asked == usageFlag:
		r.program.WriteSynopsis(r.env.stdout, r.reporter.prefix, cmd)
		return nil
	}
	r.program.Root.SetArgs(append(strings.Fields(Name(cmd)), cobraWords(settings, operands)...))
	err = r.program.Root.ExecuteContext(ctx)
	r.reporter.form = r.env.out.Form()
	if _, own := errors.AsType[*statusError](err); !own && errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
