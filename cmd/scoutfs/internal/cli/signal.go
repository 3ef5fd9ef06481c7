// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Interrupted is the cause of a context that a signal cancelled. The exit
// status is 128 and the signal's number, as shells show it.
type Interrupted struct {
	Signal syscall.Signal
}

// Error names the signal.
func (e *Interrupted) Error() string { return "stopped by signal: " + e.Signal.String() }

// Unwrap makes errno.Of(err) EINTR and errors.Is(err, context.Canceled) true.
func (e *Interrupted) Unwrap() []error { return []error{syscall.EINTR, context.Canceled} }

// WithSignals returns a context that is cancelled by the first SIGINT,
// SIGTERM or SIGHUP, with *Interrupted as its cause. The second one ends the
// process at once, as if nobody had caught the first.
//
// A closed pipe does not end the process either: writing to it returns EPIPE,
// so that a command which changes a volume is not stopped half way by a pager.
func WithSignals(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// Not Ignore, which child processes would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		received := <-signals
		signal.Stop(signals)
		if number, ok := received.(syscall.Signal); ok {
			cancel(&Interrupted{number})
		}
	}()
	return ctx
}
