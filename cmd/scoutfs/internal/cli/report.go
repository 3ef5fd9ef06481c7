// SPDX-License-Identifier: GPL-2.0-or-later

package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine/format"
)

// failure is how a run ended, as the JSON forms show it. The fields are
// documented in the manual page; their meaning never changes.
type failure struct {
	Type       string `json:"type"` // always "error"
	Command    string `json:"command"`
	Message    string `json:"message"`
	Errno      int    `json:"errno"`
	ErrnoName  string `json:"errno_name"`
	ExitStatus int    `json:"exit_status"`

	// Only for corruption, and only what is known of it.
	Structure string `json:"structure,omitempty"`
	Place     string `json:"place,omitempty"`
	Field     string `json:"field,omitempty"`
	Found     string `json:"found,omitempty"`
	Expected  string `json:"expected,omitempty"`
	Source    string `json:"source,omitempty"`
}

// exitStatus returns the status that err asks for.
func exitStatus(err error) int {
	var (
		status      *statusError
		usage       *UsageError
		value       *valueError
		interrupted *Interrupted
	)
	switch {
	case err == nil:
		return StatusOK
	case errors.As(err, &status):
		return status.status
	case errors.As(err, &usage), errors.As(err, &value):
		return StatusUsage
	case errors.As(err, &interrupted):
		return 128 + int(interrupted.Signal)
	case errors.Is(err, errClosedOutput):
		return 128 + int(syscall.SIGPIPE)
	}
	return StatusFailure
}

// silent reports whether nothing is to be said about err.
func silent(err error) bool {
	var status *statusError
	return err == nil || errors.Is(err, errClosedOutput) || errors.As(err, &status) && status.err == nil
}

// reporter shows errors the way the user asked for output.
type reporter struct {
	w       io.Writer
	form    output.Form
	program string // "scoutfs", or what the program was called as
	command string // as the user would type it
	prefix  string // of usage errors: command or program
}

// report shows err. Errors of writing to the standard error have nowhere to
// go.
func (r *reporter) report(err error) {
	if silent(err) {
		return
	}
	if r.form.Machine() {
		r.json(err)
		return
	}
	var (
		usage *UsageError
		value *valueError
	)
	switch {
	case errors.As(err, &usage):
		r.usage(usage.Message)
	case errors.As(err, &value):
		fmt.Fprintln(r.w, value.err)
		r.usage(fmt.Sprintf("invalid value '%s' for option '--%s'", value.value, value.option))
	default:
		if text := message(err); text != "" {
			fmt.Fprintln(r.w, text)
		}
		fmt.Fprintf(r.w, "%s: %s failed: %s\n", r.program, r.command, errno.Text(err))
	}
}

// usage writes a message about the command line as argp does.
func (r *reporter) usage(message string) {
	hint := fmt.Sprintf("Try `%[1]s --help' or `%[1]s --usage' for more information.", r.prefix)
	fmt.Fprintf(r.w, "%s: %s\n%s\n", r.prefix, message, strings.Join(fill(hint, rightMargin), "\n"))
}

func (r *reporter) json(err error) {
	number := errno.Of(err)
	var usage *UsageError
	if errors.As(err, &usage) {
		number = syscall.EINVAL
	}
	f := failure{
		Type:       "error",
		Command:    r.command,
		Message:    strings.TrimSpace(message(err)),
		Errno:      int(number),
		ErrnoName:  errno.Name(number),
		ExitStatus: exitStatus(err),
	}
	if f.Message == "" {
		f.Message = errno.String(number)
	}
	var corrupt *format.CorruptError
	if errors.As(err, &corrupt) {
		f.Structure, f.Place, f.Field = corrupt.Structure, corrupt.Place, corrupt.Field
		f.Found, f.Expected, f.Source = corrupt.Found, corrupt.Expected, corrupt.Source
	}
	// A failure of writing to the standard error has nowhere to go.
	_ = output.New(output.JSONL, r.w).Object(f)
}

// message returns what err says beyond its number: nothing, if it is only a
// number.
func message(err error) string {
	var bare syscall.Errno
	if errors.As(err, &bare) && err.Error() == bare.Error() {
		return ""
	}
	return err.Error()
}
