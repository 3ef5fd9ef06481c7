// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"crypto/rand"
	"io"
	"os"
	"time"

	"scoutfs/cmd/scoutfs/internal/config"
)

// Process is everything one run of the program takes from its surroundings,
// so that a test can run the whole program inside itself and provide them.
type Process struct {
	// Args is the command line; Args[0] is the name the program was called by.
	Args []string

	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	// LookupEnv reads the environment, as os.LookupEnv does.
	LookupEnv func(name string) (value string, found bool)

	// ConfigFile is read if it exists and no other file is named; empty for
	// none.
	ConfigFile string

	// Version of the program, as it was built.
	Version string

	Now    func() time.Time
	Random io.Reader
}

// System returns the Process that the operating system started.
func System(version string) Process {
	return Process{
		Args:       os.Args,
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		LookupEnv:  os.LookupEnv,
		ConfigFile: config.DefaultFile,
		Version:    version,
		Now:        time.Now,
		Random:     rand.Reader,
	}
}
