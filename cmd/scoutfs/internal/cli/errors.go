// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"scoutfs/cmd/scoutfs/internal/values"
)

// Exit statuses of every command. A command may have others, with WithStatus.
const (
	StatusOK      = 0
	StatusFailure = 1
	StatusUsage   = 64 // EX_USAGE of sysexits.h, which upstream's tools use
)

// UsageError is a command line that a command cannot work with. It is shown
// with the command's name before it and a pointer to --help after it, and
// the exit status is StatusUsage.
type UsageError struct {
	Message string
}

// Error returns the message.
func (e *UsageError) Error() string { return e.Message }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// valueError is an option whose value cannot be read. Upstream's message
// about the value stands in a line of its own; the one that follows tells
// which option it was.
type valueError struct {
	option string
	value  string
	err    error
}

func (e *valueError) Error() string {
	return fmt.Sprintf("invalid value '%s' for option '--%s': %s", e.value, e.option, e.err)
}

func (e *valueError) Unwrap() error { return e.err }

// flagError turns what pflag says about a value into an error of this
// package. What getopt accepts, pflag can only refuse for its value.
func flagError(err error) error {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return &UsageError{err.Error()}
	}
	if duplicate, ok := errors.AsType[*values.DuplicateSlotError](err); ok {
		return &UsageError{duplicate.Error() + "\n"} // the empty line is upstream's
	}
	return &valueError{invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap()}
}

// messageError is an error shown under a message of a command's own.
type messageError struct {
	message string
	err     error
}

func (e *messageError) Error() string { return e.message }
func (e *messageError) Unwrap() error { return e.err }

// Failf returns err under a message of the command's own, which is shown in
// place of its text. It is for messages that scripts know from upstream:
//
//	cli.Failf(err, "failed to open meta dev '%s': %s", path, errno.Text(err))
func Failf(err error, format string, args ...any) error {
	return &messageError{fmt.Sprintf(format, args...), err}
}

// statusError is an error with an exit status of its own.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// WithStatus ends the program with an exit status other than StatusFailure.
// err is shown as any error; without one nothing is shown.
func WithStatus(status int, err error) error {
	return &statusError{status, err}
}
