// SPDX-License-Identifier: GPL-2.0-or-later

package config

import "fmt"

// Layer is a kind of place that values come from.
type Layer uint8

// The layers in rising precedence, without the command line, whose values
// pflag knows.
const (
	Default Layer = iota
	File
	Environment
)

var layerNames = [...]string{"default", "file", "environment"}

// String returns "default", "file" or "environment".
func (l Layer) String() string { return layerNames[l] }

// Origin is the place that a value comes from.
type Origin struct {
	Layer Layer
	Name  string // of the file or the variable
	Key   string // in the file

	// General values are set for all commands, not for one.
	General bool
}

// Place names the place for people.
func (o Origin) Place() string {
	switch o.Layer {
	case File:
		return o.Name
	case Environment:
		return fmt.Sprintf("environment variable %s", o.Name)
	default:
		return o.Layer.String()
	}
}
