// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import "fmt"

// Exit statuses that upstream's tools know.
const (
	StatusOK      = 0
	StatusFailure = 1
	StatusUsage   = 64 // EX_USAGE of sysexits.h
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

// FailError is a failure with a message of the command's own. The message is
// shown in place of the text of the error behind it, whose number goes into
// the line that follows.
type FailError struct {
	Message string
	Err     error
}

// Error returns the message.
func (e *FailError) Error() string { return e.Message }

// Unwrap returns the error behind the message.
func (e *FailError) Unwrap() error { return e.Err }

// Failf returns err under a message of the command's own, for messages that
// scripts know from upstream:
//
//	cli.Failf(err, "failed to open meta dev '%s': %s", path, errno.Text(err))
func Failf(err error, format string, args ...any) error {
	return &FailError{fmt.Sprintf(format, args...), err}
}

// StatusError ends the program with a certain exit status. Without an error
// nothing is shown.
type StatusError struct {
	Status int
	Err    error
}

// Error returns the text of the error, or of the status.
func (e *StatusError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

// Unwrap returns the error.
func (e *StatusError) Unwrap() error { return e.Err }

// WithStatus returns err with an exit status.
func WithStatus(status int, err error) error {
	return &StatusError{status, err}
}
