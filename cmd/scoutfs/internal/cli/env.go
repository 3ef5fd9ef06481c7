// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/progress"
)

// Env is what commands work with in place of the process: constructors keep
// it, and use it when the command runs.
type Env struct {
	Stdin   io.Reader
	Now     func() time.Time
	Random  io.Reader
	Version string

	program *Program
	stderr  *meter.Screen
	stdout  *output.Stdout
	columns int // of the terminal that the standard output is, or 0

	// Ready once options and configuration are read.
	out    *output.Writer
	meter  meter.Meter
	log    *slog.Logger
	config *config.Config
}

// Output is where the report of the command goes, in the form the user asked
// for.
func (e *Env) Output() *output.Writer { return e.out }

// Terminal returns the width of the terminal that the standard output is; ok
// is false if it is none.
func (e *Env) Terminal() (columns int, ok bool) { return e.columns, e.columns > 0 }

// Progress is the sink to hand to a long job.
func (e *Env) Progress() progress.Sink { return e.meter }

// Log is for what helps to find out why a command does what it does. It
// writes to the standard error.
func (e *Env) Log() *slog.Logger { return e.log }

// Config is what environment and configuration file say.
func (e *Env) Config() *config.Config { return e.config }

// Program is the tree of all commands.
func (e *Env) Program() *Program { return e.program }

// Warnf tells the user, on the standard error, something that does not stop
// the command: one line of text, or an object in the JSON forms.
func (e *Env) Warnf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	e.Remark(text+"\n", struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}{"warning", text})
}

// Remark tells the user something about the run, on the standard error: text,
// or an object in the JSON forms.
func (e *Env) Remark(text string, object any) {
	// A failure of writing to the standard error has nowhere to go.
	if !e.out.Form().Machine() {
		_, _ = io.WriteString(e.stderr, text)
		return
	}
	_ = output.New(output.JSONL, e.stderr).Object(object)
}

// IgnoreOperands warns of words that a command has no use for. Upstream's
// tools take them in silence, and scripts may rely on that.
func (e *Env) IgnoreOperands(operands []string) {
	for _, operand := range operands {
		e.Warnf("ignoring operand '%s'", operand)
	}
}
