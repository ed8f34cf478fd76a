package deploy

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/goccy/go-yaml"
)

// object is what the rules look at in an object of Kubernetes. That there is nothing else in it is for its schema to say.
type object struct {
	Kind     string   `yaml:"kind"`
	Metadata metadata `yaml:"metadata"`
	Data     map[string]string
	Spec     struct {
		Selector    selector          `yaml:"selector"`    // of a workload, a budget
		PodSelector selector          `yaml:"podSelector"` // of a policy
		PolicyTypes []string          `yaml:"policyTypes"`
		Ingress     []any             `yaml:"ingress"`
		Egress      []any             `yaml:"egress"`
		Service     map[string]string `yaml:"-"` // the selector of a service, which is of another form
		Ports       []struct {
			TargetPort string `yaml:"targetPort"`
		} `yaml:"ports"`
		Template    *template `yaml:"template"`
		JobTemplate struct {
			Spec struct {
				Template *template `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type metadata struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

// selector chooses by labels.
type selector struct {
	MatchLabels      map[string]string `yaml:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `yaml:"key"`
		Operator string   `yaml:"operator"`
		Values   []string `yaml:"values"`
	} `yaml:"matchExpressions"`
}

// template is a pod.
type template struct {
	Metadata metadata `yaml:"metadata"`
	Spec     struct {
		SecurityContext struct {
			RunAsNonRoot bool `yaml:"runAsNonRoot"`
			RunAsUser    int  `yaml:"runAsUser"`
		} `yaml:"securityContext"`
		Automount  *bool       `yaml:"automountServiceAccountToken"`
		Account    string      `yaml:"serviceAccountName"`
		Containers []container `yaml:"containers"`
		Volumes    []volume    `yaml:"volumes"`
	} `yaml:"spec"`
}

type container struct {
	Name    string            `yaml:"name"`
	Image   string            `yaml:"image"`
	Command []string          `yaml:"command"`
	Args    []string          `yaml:"args"`
	Env     []variable        `yaml:"env"`
	EnvFrom []map[string]name `yaml:"envFrom"`
	Ports   []struct {
		Name string `yaml:"name"`
		Port int    `yaml:"containerPort"`
	} `yaml:"ports"`
	Startup   *probe `yaml:"startupProbe"`
	Liveness  *probe `yaml:"livenessProbe"`
	Readiness *probe `yaml:"readinessProbe"`
	Resources struct {
		Requests map[string]string `yaml:"requests"`
		Limits   map[string]string `yaml:"limits"`
	} `yaml:"resources"`
	SecurityContext struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRoot bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct {
			Drop []string `yaml:"drop"`
		} `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Mounts []struct {
		Name string `yaml:"name"`
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

type name struct {
	Name string `yaml:"name"`
}

// variable is one of the environment: it stands there, or in an object beside.
type variable struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
	From  *struct {
		Secret    *key `yaml:"secretKeyRef"`
		ConfigMap *key `yaml:"configMapKeyRef"`
	} `yaml:"valueFrom"`
}

type key struct {
	Name string `yaml:"name"`
	Key  string `yaml:"key"`
}

type probe struct {
	Get struct {
		Path string `yaml:"path"`
		Port string `yaml:"port"`
	} `yaml:"httpGet"`
}

type volume struct {
	Name      string `yaml:"name"`
	ConfigMap *name  `yaml:"configMap"`
	Secret    *struct {
		Name string `yaml:"secretName"`
	} `yaml:"secret"`
	Empty *struct {
		SizeLimit string `yaml:"sizeLimit"`
	} `yaml:"emptyDir"`
	Claim *struct{} `yaml:"persistentVolumeClaim"`
}

// pod is the template of an object that makes pods, nil of others.
func (o *object) pod() *template {
	if o.Spec.Template != nil {
		return o.Spec.Template
	}
	return o.Spec.JobTemplate.Spec.Template
}

// chooses says whether labels are of those that the selector wants. One that wants nothing chooses everything.
func (s selector) chooses(labels map[string]string) bool {
	for k, v := range s.MatchLabels {
		if labels[k] != v {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		if e.Operator != "In" || !contains(e.Values, labels[e.Key]) {
			return false
		}
	}
	return true
}

// objects reads what kustomize has rendered.
func objects(t *testing.T, rendered []byte) (out []*object) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(rendered))
	for {
		o := &object{}
		switch err := d.Decode(o); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		}
		out = append(out, o)
	}
}
