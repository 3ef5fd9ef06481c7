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

// reporter shows errors the way the user asked for output, and knows their
// exit statuses.
type reporter struct {
	w       io.Writer
	form    output.Form
	program string // "scoutfs", or what the program was called as
	command string // as the user would type it
	prefix  string // of usage errors: command or program

	usageStatus int
}

// exitStatus returns the status that err asks for.
func (r *reporter) exitStatus(err error) int {
	if err == nil {
		return StatusOK
	}
	if own, ok := errors.AsType[*statusError](err); ok {
		return own.status
	}
	if interrupted, ok := errors.AsType[*Interrupted](err); ok {
		return 128 + int(interrupted.Signal)
	}
	switch {
	case isUsage(err):
		return r.usageStatus
	case errors.Is(err, errClosedOutput):
		return 128 + int(syscall.SIGPIPE)
	}
	return StatusFailure
}

func isUsage(err error) bool {
	_, usage := errors.AsType[*UsageError](err)
	_, value := errors.AsType[*valueError](err)
	return usage || value
}

// silent reports whether nothing is to be said about err.
func silent(err error) bool {
	own, ok := errors.AsType[*statusError](err)
	return err == nil || errors.Is(err, errClosedOutput) || ok && own.err == nil
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
	if usage, ok := errors.AsType[*UsageError](err); ok {
		r.usage(usage.Message)
		return
	}
	if value, ok := errors.AsType[*valueError](err); ok {
		fmt.Fprintln(r.w, value.err)
		r.usage(fmt.Sprintf("invalid value '%s' for option '--%s'", value.value, value.option))
		return
	}
	if text := message(err); text != "" {
		fmt.Fprintln(r.w, text)
	}
	fmt.Fprintf(r.w, "%s: %s failed: %s\n", r.program, r.command, errno.Text(err))
}

// usage writes a message about the command line as argp does.
func (r *reporter) usage(message string) {
	hint := fmt.Sprintf("Try `%[1]s --help' or `%[1]s --usage' for more information.", r.prefix)
	fmt.Fprintf(r.w, "%s: %s\n%s\n", r.prefix, message, strings.Join(fill(hint, rightMargin), "\n"))
}

func (r *reporter) json(err error) {
	number := errno.Of(err)
	if isUsage(err) {
		number = syscall.EINVAL
	}
	f := failure{
		Type:       "error",
		Command:    r.command,
		Message:    strings.TrimSpace(message(err)),
		Errno:      int(number),
		ErrnoName:  errno.Name(number),
		ExitStatus: r.exitStatus(err),
	}
	if f.Message == "" {
		f.Message = errno.String(number)
	}
	if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
		f.Structure, f.Place, f.Field = corrupt.Structure, corrupt.Place, corrupt.Field
		f.Found, f.Expected, f.Source = corrupt.Found, corrupt.Expected, corrupt.Source
	}
	// A failure of writing to the standard error has nowhere to go.
	_ = output.New(output.JSONL, r.w).Object(f)
}

// message returns what err says beyond its number: nothing, if it is only a
// number.
func message(err error) string {
	if number, ok := errors.AsType[syscall.Errno](err); ok && err.Error() == number.Error() {
		return ""
	}
	return err.Error()
}
