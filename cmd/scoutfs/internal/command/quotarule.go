// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/format"
	"scoutfs/engine/ioctl"
)

// ruleScanner reads the text of a quota rule from left to right.
type ruleScanner struct {
	text string // all of it
	rest string
	err  error
}

// parseQuotaRule reads a rule as quotaText writes it. Blanks may stand in
// front of each part, as upstream's sscanf(3) takes them.
func parseQuotaRule(text string) (r ioctl.QuotaRule, err error) {
	s := &ruleScanner{text: text, rest: text}
	prio := s.number()
	if prio > 255 {
		s.fail("invalid priority %d in rule, must be between 0 and 255:\n\t%s", prio, text)
	}
	r.Prio = uint8(prio)
	for i := range r.Names {
		n := &r.Names[i]
		n.Value = s.number()
		s.comma()
		n.Source = s.letter("LPUG", fmt.Sprintf("name source '%%c' in name #%d", i+1))
		s.comma()
		n.Flags = s.flag("S", format.QuotaNameSelect, fmt.Sprintf("name flag '%%c' in name #%d", i+1))
	}
	r.Op = s.letter("ID", "op '%c'")
	r.Limit = s.number()
	r.Flags = s.flag("C", format.QuotaRuleTotlCount, "rule flag '%c'")
	if rest := strings.TrimSpace(s.rest); rest != "" {
		s.fail("invalid rule, '%s' follows it:\n\t%s", rest, text)
	}
	return r, s.err
}

// fail keeps the first error.
func (s *ruleScanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = cli.Failf(syscall.EINVAL, format, args...)
	}
}

func (s *ruleScanner) missing() { s.fail("invalid rule, missing fields: %s", s.text) }

func (s *ruleScanner) next() (byte, bool) {
	s.rest = strings.TrimLeft(s.rest, " \t\n\v\f\r")
	if s.rest == "" || s.err != nil {
		s.missing()
		return 0, false
	}
	c := s.rest[0]
	s.rest = s.rest[1:]
	return c, true
}

// number reads decimal digits.
func (s *ruleScanner) number() uint64 {
	s.rest = strings.TrimLeft(s.rest, " \t\n\v\f\r")
	digits := s.rest[:len(s.rest)-len(strings.TrimLeft(s.rest, "0123456789"))]
	if digits == "" {
		s.missing()
		return 0
	}
	s.rest = s.rest[len(digits):]
	// A leading 0 makes no octal number here.
	n, err := values.ParseUint64(strings.TrimLeft(digits[:len(digits)-1], "0") + digits[len(digits)-1:])
	if err != nil {
		s.fail("%s in rule:\n\t%s", err, s.text)
	}
	return n
}

func (s *ruleScanner) comma() {
	if c, ok := s.next(); ok && c != ',' {
		s.missing()
	}
}

// letter reads one of a few letters and returns its place among them.
func (s *ruleScanner) letter(letters, what string) uint8 {
	c, ok := s.next()
	i := strings.IndexByte(letters, c)
	if !ok || i < 0 {
		s.fail("invalid "+what+" in rule:\n\t%s", c, s.text)
		return 0
	}
	return uint8(i)
}

// flag reads the letter of a flag, or a dash.
func (s *ruleScanner) flag(letter string, flag uint8, what string) uint8 {
	if s.letter("-"+letter, what) == 1 {
		return flag
	}
	return 0
}

// quotaChangeFailure gives upstream's message to a rule that was not added or
// deleted.
func quotaChangeFailure(err error) error {
	if err == nil {
		return nil
	}
	failed := ioctlFailure(err, "MOD_QUOTA_RULE ioctl failed")
	for _, known := range []struct {
		errno syscall.Errno
		help  string
	}{
		{syscall.EEXIST, "there is such a rule already"},
		{syscall.ENOENT, "there is no such rule; quota-list shows them"},
		{syscall.EOPNOTSUPP, "quotas need a volume of format version 2; see change-format-version"},
	} {
		if errors.Is(err, known.errno) {
			return cli.Failf(err, "%s\n%s", failed, known.help)
		}
	}
	return failed
}
