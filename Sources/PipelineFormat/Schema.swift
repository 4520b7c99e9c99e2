// The JSON Schema of the format, from which editors complete and check. The decoder is the authority; a test holds the
// two together.

/// JSON Schema, draft 2020-12.
public let pipelineSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "pipeline.json",
      "description": "A pipeline of stages, run by `runs exec`. Keys that begin with x- are ignored.",
      "type": "object",
      "required": ["stages"],
      "additionalProperties": false,
      "patternProperties": {"^x-": true},
      "properties": {
        "$schema": {"type": "string", "description": "Where editors find this schema."},
        "name": {"type": "string", "minLength": 1, "description": "The pipeline's name in the store. Default: the file's name without .json."},
        "axes": {
          "type": "object",
          "description": "Named lists of values, for use in the matrix of any stage.",
          "propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"},
          "additionalProperties": {"$ref": "#/$defs/axis"}
        },
        "params": {"$ref": "#/$defs/params", "description": "Params for every stage: ${{ params.NAME }}. Axis values, stages and --set override them."},
        "params_file": {"type": "string", "description": "A JSON file of params, below those of \"params\". Relative to the pipeline's folder."},
        "defaults": {"$ref": "#/$defs/stage", "description": "Merged under every stage, objects key by key."},
        "stages": {
          "type": "object",
          "description": "The stages by name. A name is made of letters, digits, _ and -.",
          "minProperties": 1,
          "additionalProperties": false,
          "patternProperties": {
            "^x-": true,
            "^(?!x-)[A-Za-z0-9_-]+$": {"$ref": "#/$defs/stage"}
          }
        },
        "default": {
          "type": "array", "items": {"type": "string"}, "minItems": 1,
          "description": "What a bare `runs exec` makes: names of stages, train@dataset=iris, or patterns. Default: everything."
        },
        "capacity": {
          "type": "object",
          "description": "Totals of counted resources, such as {\"licence\": 2}.",
          "properties": {"memory": {"$ref": "#/$defs/size"}},
          "additionalProperties": {"type": "number", "minimum": 0}
        }
      },
      "$defs": {
        "scalar": {"type": ["string", "number", "boolean"]},
        "axis": {
          "description": "A list of values, or an object whose keys are the values and whose values overlay the stages that have them.",
          "oneOf": [
            {"type": "array", "items": {"$ref": "#/$defs/scalar"}},
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/overlay"}}
          ]
        },
        "overlay": {
          "type": "object",
          "additionalProperties": false,
          "patternProperties": {"^x-": true},
          "properties": {
            "params": {"$ref": "#/$defs/params"},
            "resources": {"$ref": "#/$defs/resources"},
            "env": {"$ref": "#/$defs/env"},
            "timeout": {"$ref": "#/$defs/duration"},
            "retries": {"$ref": "#/$defs/retries"}
          }
        },
        "params": {"type": "object", "description": "Names and any JSON values."},
        "env": {
          "type": "object",
          "description": "Variables set for the command; part of the key. Templates are replaced in the values.",
          "additionalProperties": {"$ref": "#/$defs/scalar"}
        },
        "duration": {
          "description": "500ms, 90s, 10m, 4h, 1d, or a number of seconds.",
          "oneOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(ms|s|m|h|d)?$"}]
        },
        "size": {
          "description": "16GiB (powers of 1024), 16GB (powers of 1000), or a number of bytes.",
          "oneOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(B|kB|[KMGTP]i?B)?$"}]
        },
        "digest": {
          "enum": ["content", "metadata"],
          "description": "What tells whether the path has changed: its content, or for data too large to read only sizes and modification times."
        },
        "resources": {
          "type": "object",
          "description": "What decides which stages run side by side. Not part of the key.",
          "properties": {
            "cpus": {"type": "number", "minimum": 0, "default": 1, "description": "CPU cores."},
            "gpus": {
              "description": "GPUs: a fraction below 1 shares a device, else a whole number. 0 hides them all.",
              "oneOf": [{"type": "integer", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}]
            },
            "memory": {"$ref": "#/$defs/size"}
          },
          "patternProperties": {"^x-": true},
          "additionalProperties": {"type": "number", "minimum": 0, "description": "A counted resource; its total is in \"capacity\" or --capacity."}
        },
        "retries": {
          "description": "How often and when a failed attempt is tried again.",
          "oneOf": [
            {"type": "integer", "minimum": 0},
            {
              "type": "object",
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "max": {"type": "integer", "minimum": 0, "default": 0, "description": "Attempts after the first."},
                "delay": {"$ref": "#/$defs/duration", "description": "Before the second attempt; doubles with each further one."},
                "on": {
                  "type": "array", "items": {"enum": ["failed", "timed_out", "out_of_memory"]},
                  "description": "The ends after which it is tried again. Default: all three."
                },
                "memory": {"type": "string", "pattern": "^x[0-9]+(\\.[0-9]+)?$", "description": "What the memory is multiplied by at each further attempt: x2."}
              }
            }
          ]
        },
        "input": {
          "oneOf": [
            {"type": "string", "minLength": 1, "description": "A file, a directory, or a pattern with *, ? or **; relative to the pipeline's folder."},
            {
              "type": "object",
              "required": ["path"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {"path": {"type": "string", "minLength": 1}, "digest": {"$ref": "#/$defs/digest"}}
            },
            {
              "type": "object",
              "required": ["from"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "from": {
                  "type": "string", "pattern": "^[A-Za-z0-9_-]+\\..+$",
                  "description": "STAGE.OUTPUT: that output of the stages that agree on every matrix key that both have."
                }
              }
            }
          ]
        },
        "output": {
          "oneOf": [
            {"type": "string", "minLength": 1, "description": "A file or a directory inside the pipeline's folder."},
            {
              "type": "object",
              "required": ["path"],
              "additionalProperties": false,
              "patternProperties": {"^x-": true},
              "properties": {
                "path": {"type": "string", "minLength": 1},
                "persist": {"type": "boolean", "default": false, "description": "Stays where it is between attempts and reruns while the key is unchanged: checkpoints."},
                "metrics": {"type": "boolean", "default": false, "description": "A JSON file whose numbers are read into the store after success."},
                "external": {"type": "boolean", "default": false, "description": "May lie outside the pipeline's folder: an absolute path, or one that begins with .. or leads out through links."},
                "digest": {"$ref": "#/$defs/digest"}
              }
            }
          ]
        },
        "points": {"type": "array", "items": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/scalar"}}},
        "stage": {
          "type": "object",
          "additionalProperties": false,
          "patternProperties": {"^x-": true},
          "properties": {
            "description": {"type": "string", "description": "For people."},
            "command": {
              "description": "A list of words is executed as it is; a string is given to /bin/sh -c. Templates ${{ … }} are replaced, and quoted in a string.",
              "oneOf": [{"type": "array", "minItems": 1, "items": {"type": "string"}}, {"type": "string", "minLength": 1}]
            },
            "workdir": {"type": "string", "description": "Where the command runs; relative to the pipeline's folder."},
            "inputs": {
              "description": "What the stage reads: an object that names paths, or a list of paths.",
              "oneOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}},
                {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1}}
              ]
            },
            "outputs": {
              "description": "What the stage makes: an object that names paths, or a list of paths.",
              "oneOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/output"}},
                {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1}}
              ]
            },
            "matrix": {
              "description": "One stage for each point of a product: names of axes, or an object of lists.",
              "oneOf": [
                {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string"}},
                {
                  "type": "object",
                  "properties": {"include": {"$ref": "#/$defs/points"}, "exclude": {"$ref": "#/$defs/points"}},
                  "patternProperties": {"^x-": true},
                  "additionalProperties": {"$ref": "#/$defs/axis"}
                }
              ]
            },
            "include": {"$ref": "#/$defs/points", "description": "Complete points added to the matrix."},
            "exclude": {"$ref": "#/$defs/points", "description": "Partial points left out of the matrix."},
            "needs": {"type": "array", "items": {"type": "string"}, "description": "Stages that must be done before, without being part of the key."},
            "params": {"$ref": "#/$defs/params", "description": "Params of this stage; they belong to its key."},
            "env": {"$ref": "#/$defs/env"},
            "pass_env": {"type": "array", "items": {"type": "string"}, "description": "Names of variables whose values in the caller's environment are part of the key."},
            "resources": {"$ref": "#/$defs/resources"},
            "retries": {"$ref": "#/$defs/retries"},
            "timeout": {"$ref": "#/$defs/duration", "description": "How long an attempt may take."},
            "always": {"type": "boolean", "default": false, "description": "Never fresh: runs every time."},
            "frozen": {"type": "boolean", "default": false, "description": "Never runs: its outputs are taken as they are."},
            "keep": {"type": "integer", "minimum": 0, "default": 1, "description": "Earlier versions of its outputs that stay restorable."},
            "track_program": {"type": "boolean", "default": true, "description": "Whether the script that the command runs is an input without being named."}
          }
        }
      }
    }

    """#
