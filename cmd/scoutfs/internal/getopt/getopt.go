// SPDX-License-Identifier: GPL-2.0-or-later

// Package getopt reads a command line the way glibc's getopt_long does, with
// its error texts, so that command lines written for the C tools mean the same
// here: long options shortened to a unique prefix, short options bundled,
// values attached or separate, options after operands, and "--".
//
// It only reads: what an option does is decided by whoever gets the settings.
package getopt

import (
	"fmt"
	"strings"
)

// Argument tells whether an option takes a value.
type Argument uint8

const (
	// None is an option without a value.
	None Argument = iota
	// Required is an option whose value is attached to it or is the next word.
	Required
	// Optional is an option whose value can only be attached to it.
	Optional
	// Switch is an option without a value that can also be given as --name=true
	// and --name=false. C tools know no such thing; it lets a command line
	// switch off what a configuration switches on.
	Switch
)

// Option is one option that a command knows.
type Option struct {
	Long     string // without dashes; never empty
	Short    byte   // 0 if there is none
	Argument Argument

	// Extension options are ones upstream's tool does not have. A prefix stands
	// for one only if it stands for none of the others, so that no short form
	// of an upstream option ever changes its meaning.
	Extension bool

	// Phantom options only take part in the search for prefixes, as the hidden
	// ones of argp do, and cannot be given.
	Phantom bool

	// Alias options are a second letter for an option listed before; their
	// long name is not searched.
	Alias bool

	// Last ends the reading, as --help does: nothing after it matters.
	Last bool
}

// Setting is one option as it was given.
type Setting struct {
	Option   *Option
	Value    string
	HasValue bool
}

// String returns the setting as one word in its full form: --name or
// --name=value.
func (s Setting) String() string {
	if s.HasValue {
		return "--" + s.Option.Long + "=" + s.Value
	}
	return "--" + s.Option.Long
}

// Error is a command line that cannot be read. Its text is glibc's, without the
// program's name.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// Parse splits args, without the command's name, into settings and operands,
// both in the order given. On an error it also returns the settings before the
// word at fault.
func Parse(options []Option, args []string) (settings []Setting, operands []string, err error) {
	p := parser{options: options, rest: args}
	for len(p.rest) > 0 && !p.ended {
		word := p.next()
		switch {
		case word == "--":
			operands = append(operands, p.rest...)
			return p.settings, operands, nil
		case strings.HasPrefix(word, "--"):
			err = p.long(word[2:])
		case len(word) > 1 && word[0] == '-':
			err = p.bundle(word[1:])
		default:
			operands = append(operands, word)
		}
		if err != nil {
			return p.settings, operands, err
		}
	}
	return p.settings, operands, nil
}

type parser struct {
	options  []Option
	rest     []string
	settings []Setting
	ended    bool
}

func (p *parser) next() string {
	word := p.rest[0]
	p.rest = p.rest[1:]
	return word
}

func (p *parser) add(option *Option, value string, hasValue bool) {
	p.settings = append(p.settings, Setting{Option: option, Value: value, HasValue: hasValue})
	p.ended = option.Last
}

// long reads a word that began with two dashes: NAME or NAME=VALUE.
func (p *parser) long(word string) error {
	name, value, attached := strings.Cut(word, "=")
	option, err := p.find(name, word)
	if err != nil {
		return err
	}
	switch {
	case option.Argument == Switch && attached && (value == "true" || value == "false"):
		// a setting like any other
	case attached && (option.Argument == None || option.Argument == Switch):
		return errorf("option '--%s' doesn't allow an argument", option.Long)
	case !attached && option.Argument == Required:
		if len(p.rest) == 0 {
			return errorf("option '--%s' requires an argument", option.Long)
		}
		value, attached = p.next(), true
	}
	p.add(option, value, attached)
	return nil
}

// bundle reads a word that began with one dash: options without value, and
// perhaps a last one with its value.
func (p *parser) bundle(word string) error {
	for i := 0; i < len(word) && !p.ended; i++ {
		option := p.findShort(word[i])
		if option == nil {
			return errorf("invalid option -- '%s'", word[i:i+1])
		}
		rest := word[i+1:]
		switch {
		case option.Argument == None, option.Argument == Switch:
			p.add(option, "", false)
			continue
		case rest != "":
			p.add(option, rest, true)
		case option.Argument == Optional:
			p.add(option, "", false)
		case len(p.rest) == 0:
			return errorf("option requires an argument -- '%s'", word[i:i+1])
		default:
			p.add(option, p.next(), true)
		}
		return nil
	}
	return nil
}

func (p *parser) findShort(short byte) *Option {
	for i := range p.options {
		if o := &p.options[i]; o.Short == short && short != 0 && !o.Phantom {
			return o
		}
	}
	return nil
}

// find returns the option called name, or else the one that name is a prefix
// of. word is what the user wrote, for the messages.
func (p *parser) find(name, word string) (*Option, error) {
	var own, extensions []*Option
	for i := range p.options {
		o := &p.options[i]
		switch {
		case o.Alias || !strings.HasPrefix(o.Long, name):
			// not this one
		case o.Long == name && !o.Phantom:
			return o, nil
		case o.Extension:
			extensions = append(extensions, o)
		default:
			own = append(own, o)
		}
	}
	if len(own) == 0 || len(own) == 1 && own[0].Phantom {
		own = extensions
	}
	switch len(own) {
	case 0:
		return nil, errorf("unrecognized option '--%s'", word)
	case 1:
		return own[0], nil
	}
	var possible strings.Builder
	for _, o := range own {
		fmt.Fprintf(&possible, " '--%s'", o.Long)
	}
	return nil, errorf("option '--%s' is ambiguous; possibilities:%s", word, possible.String())
}

func errorf(format string, args ...any) error {
	return Error(fmt.Sprintf(format, args...))
}
