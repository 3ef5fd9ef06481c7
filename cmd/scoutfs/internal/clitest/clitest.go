// SPDX-License-Identifier: GPL-2.0-or-later

// Package clitest runs the program inside a test: the same code as main, with
// buffers for the terminal, no environment, no configuration, and a clock and
// random bytes that are the same every time.
package clitest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"scoutfs/cmd/scoutfs/internal/cli"
)

// Result is what a run of the program left behind.
type Result struct {
	Stdout string
	Stderr string
	Status int
}

// Now is what the clock shows in every run.
func Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC) }

// Run runs the program with the words after its name:
//
//	got := clitest.Run(ctx, command.All(), "mkfs", "-A", meta, data)
func Run(ctx context.Context, commands []cli.Constructor, words ...string) Result {
	return Process{Commands: commands}.Run(ctx, words...)
}

// Process is a run with other surroundings than none.
type Process struct {
	Commands []cli.Constructor
	Name     string            // what the program is called as; "scoutfs" if empty
	Stdin    string            // its standard input
	Env      map[string]string // its environment
	Config   string            // its default configuration file
	Stdout   io.Writer         // its standard output, in place of Result.Stdout
}

// Run runs the program with the words after its name.
func (p Process) Run(ctx context.Context, words ...string) Result {
	if p.Name == "" {
		p.Name = "scoutfs"
	}
	var stdout, stderr bytes.Buffer
	if p.Stdout == nil {
		p.Stdout = &stdout
	}
	status := cli.Run(ctx, p.Commands, cli.Process{
		Args:   append([]string{p.Name}, words...),
		Stdin:  strings.NewReader(p.Stdin),
		Stdout: p.Stdout,
		Stderr: &stderr,
		LookupEnv: func(name string) (string, bool) {
			value, found := p.Env[name]
			return value, found
		},
		ConfigFile: p.Config,
		Version:    "test",
		Now:        Now,
		Random:     rand.NewChaCha8([32]byte{}),
	})
	return Result{stdout.String(), stderr.String(), status}
}
