// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"io"
	"log/slog"
	"os"
	"time"

	"crypto/rand"

	"scoutfs/cmd/scoutfs/internal/config"
	"scoutfs/cmd/scoutfs/internal/meter"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/progress"
)

// Process is everything one run of the program takes from its surroundings, so that a test can run the whole program
// inside itself and give it all of them.
type Process struct {
	// Args is the command line; Args[0] is the name the program was called by.
	Args []string

	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	// LookupEnv reads the environment as os.LookupEnv does.
	LookupEnv func(name string) (value string, found bool)

	// ConfigFile is read if it exists and no other file is named; empty for none.
	ConfigFile string

	Now    func() time.Time
	Random io.Reader
}

// System returns the Process of this program as the operating system started it.
func System() Process {
	return Process{
		Args:       os.Args,
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		LookupEnv:  os.LookupEnv,
		ConfigFile: config.DefaultFile,
		Now:        time.Now,
		Random:     rand.Reader,
	}
}

// Env is what commands work with. Constructors keep it; its Output, Progress and Log are ready once a command runs.
type Env struct {
	Stdin  io.Reader
	Now    func() time.Time
	Random io.Reader

	stdout *output.Stdout
	stderr io.Writer
	out    *output.Writer
	meter  meter.Meter
	log    *slog.Logger
	config *config.Config
}

// Output is where the command's result goes, in the form the user asked for.
func (e *Env) Output() *output.Writer { return e.out }

// Progress is the sink to hand to a long job.
func (e *Env) Progress() progress.Sink { return e.meter }

// Log is for what helps to find out why a command does what it does. It writes to the standard error.
func (e *Env) Log() *slog.Logger { return e.log }
