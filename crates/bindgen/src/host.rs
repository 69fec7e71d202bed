//! The imports of a world: what the host implements, and how it comes into a linker.

use crate::docs::docs;
use crate::names::{Names, snake};
use crate::overrides::Item;
use crate::shape::{Field, Record, Subject};
use crate::types::{Borrowed, MAX_TUPLE, type_name};
use crate::world::{Generator, Module, ROOT, allow};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Generics, Result};
use wit_parser::{Function, FunctionKind, InterfaceId, Resolve, TypeDefKind, TypeId, WorldItem};

/// A function that the host provides, as it is written in Rust.
struct HostFunc {
    /// Its name in the interface: `[method]input-stream.read`.
    name: String,
    method: Ident,
    docs: TokenStream,
    params: Vec<HostParam>,
    result: Option<TokenStream>,
    is_async: bool,
    waits: bool,
    /// Whether it gets the caller, to put bytes into the guest's memory itself.
    fills: bool,
}

struct HostParam {
    ident: Ident,
    /// Its type when it is taken out of the guest as a whole.
    owned: TokenStream,
    borrowed: Option<Borrowed>,
}

/// A resource that the host provides.
struct HostResource {
    name: String,
    ty: Ident,
    drop: Ident,
}

impl Generator<'_> {
    /// The module of an interface that the world imports.
    pub(crate) fn imported_interface(&self, id: InterfaceId) -> Result<TokenStream> {
        let interface = &self.resolve.interfaces[id];
        let module = self.module(id)?;
        let types = interface.types.values().map(|ty| self.definition(*ty));
        let types = types.collect::<Result<TokenStream>>()?;
        let resources = interface.types.values().copied();
        let functions: Vec<_> = interface.functions.values().collect();
        let host = self.host(Some(module), resources, &functions, &interface.docs)?;
        Ok(quote!(#types #host))
    }

    /// What the world imports by itself.
    pub(crate) fn imported_root(&self) -> Result<TokenStream> {
        let items = || self.world.imports.values();
        let types = || {
            items().filter_map(|item| match item {
                WorldItem::Type { id, .. } => Some(*id),
                _ => None,
            })
        };
        let functions: Vec<_> = items()
            .filter_map(|item| match item {
                WorldItem::Function(function) => Some(function),
                _ => None,
            })
            .collect();
        let definitions = types().map(|ty| self.definition(ty)).collect::<Result<TokenStream>>()?;
        let host = self.host(None, types(), &functions, &self.world.docs)?;
        Ok(quote!(#definitions #host))
    }

    /// `link_all`, over everything that the world imports.
    pub(crate) fn link_all(&self) -> Result<TokenStream> {
        let mut paths = Vec::new();
        for item in self.world.imports.values() {
            if let WorldItem::Interface { id, .. } = item
                && self.has_host(*id)
            {
                paths.push(self.path(ROOT, &self.module(*id)?.path));
            }
        }
        if self.root_has_host() {
            paths.push(quote!(self::));
        }
        let resources = self.exported_resources()?;
        let runtime = self.runtime;
        let allow = allow();
        Ok(quote! {
            /// Adds everything that the world imports to a linker: `host` finds what implements it
            /// in the state of an instance.
            ///
            /// # Errors
            /// Those of the linker.
            #allow
            pub fn link_all<E, T, H>(
                linker: &mut #runtime::Linker<E, T>,
                host: impl Fn(&mut T) -> &mut H + Copy + Send + Sync + 'static,
            ) -> ::core::result::Result<(), #runtime::Error>
            where
                E: #runtime::Engine,
                T: Send + 'static,
                H: #(#paths Host +)* ?Sized + 'static,
            {
                #(#paths link(linker, host)?;)*
                #resources
                ::core::result::Result::Ok(())
            }
        })
    }

    pub(crate) fn async_function(&self, item: &Item<'_>) -> syn::Error {
        self.error(format!(
            "`{}` is an async function, which bindgen! does not know yet",
            item.full_name()
        ))
    }

    fn has_host(&self, id: InterfaceId) -> bool {
        let interface = &self.resolve.interfaces[id];
        let mut types = interface.types.values();
        !interface.functions.is_empty() || types.any(|ty| is_resource(self.resolve, *ty))
    }

    fn root_has_host(&self) -> bool {
        self.world.imports.values().any(|item| match item {
            WorldItem::Function(_) => true,
            WorldItem::Type { id, .. } => is_resource(self.resolve, *id),
            WorldItem::Interface { .. } => false,
        })
    }

    /// The trait that the host implements, and `link`.
    fn host(
        &self,
        module: Option<&Module>,
        types: impl Iterator<Item = TypeId>,
        functions: &[&Function],
        interface_docs: &wit_parser::Docs,
    ) -> Result<TokenStream> {
        let at = module.map_or(ROOT, |module| &module.path);
        let mut names = Names::default();
        let functions =
            functions.iter().map(|function| self.host_func(module, function, at, &mut names));
        let functions = functions.collect::<Result<Vec<_>>>()?;
        let resources: Vec<_> = types
            .filter(|ty| is_resource(self.resolve, *ty))
            .filter_map(|ty| self.resolve.types[ty].name.clone())
            .map(|name| {
                let drop = names.unique(snake(&format!("{name}-drop")));
                HostResource { ty: type_name(&name), name, drop }
            })
            .collect();
        if functions.is_empty() && resources.is_empty() {
            return Ok(TokenStream::new());
        }
        let runtime = self.runtime;
        let name = module.map_or(self.world.name.as_str(), |module| &module.name);
        let allow = module.is_none().then(allow);
        let trait_docs = docs(interface_docs, &format!("What the host provides for `{name}`."));
        let methods = functions.iter().map(|function| self.method(function));
        let drops = resources.iter().map(|HostResource { name, ty, drop }| {
            let docs = format!("The guest has dropped the last handle of a `{name}`.");
            quote! {
                #[doc = #docs]
                fn #drop(
                    &mut self,
                    this: #runtime::Own<#ty>,
                ) -> ::core::result::Result<(), #runtime::Stop>;
            }
        });
        let interface = match module {
            Some(Module { name, .. }) => quote!(linker.interface(#name)),
            None => quote!(linker.root()),
        };
        let link_resources = resources.iter().map(|HostResource { name, ty, drop }| {
            quote! {
                __interface.resource::<#ty>(#name, move |state: &mut T, rep| {
                    <H as Host>::#drop(host(state), #runtime::Own::new(rep))
                })?;
            }
        });
        let link_functions = functions.iter().map(|function| self.link_function(function));
        let link_docs = format!(
            "Adds `{name}` to a linker: `host` finds its implementation in an instance's state."
        );
        Ok(quote! {
            #trait_docs
            #allow
            pub trait Host {
                #(#methods)*
                #(#drops)*
            }

            #[doc = #link_docs]
            ///
            /// # Errors
            /// Those of the linker.
            #allow
            pub fn link<E, T, H>(
                linker: &mut #runtime::Linker<E, T>,
                host: impl Fn(&mut T) -> &mut H + Copy + Send + Sync + 'static,
            ) -> ::core::result::Result<(), #runtime::Error>
            where
                E: #runtime::Engine,
                T: Send + 'static,
                H: Host + ?Sized + 'static,
            {
                let mut __interface = #interface;
                #(#link_resources)*
                #(#link_functions)*
                ::core::result::Result::Ok(())
            }
        })
    }

    fn host_func(
        &self,
        module: Option<&Module>,
        function: &Function,
        at: &[Ident],
        names: &mut Names,
    ) -> Result<HostFunc> {
        let interface = module.map(|module| module.name.as_str());
        let item = Item { interface, name: &function.name, separator: '.' };
        if function.kind.is_async() {
            return Err(self.async_function(&item));
        }
        let fills = self.overrides.fills(&item);
        let mut param_names = Names::default();
        if fills {
            param_names.unique(snake("caller"));
        }
        let params = function.params.iter().enumerate().map(|(index, param)| {
            let this = index == 0 && matches!(function.kind, FunctionKind::Method(_));
            let name = if this { "this" } else { &param.name };
            Ok(HostParam {
                ident: param_names.unique(snake(name)),
                owned: self.rust_type(&param.ty, at)?,
                // The guest's memory can move while it allocates.
                borrowed: if fills { None } else { self.borrowed(&param.ty) },
            })
        });
        let params = params.collect::<Result<_>>()?;
        let given = self.overrides.returns(&item);
        let method = names.unique(snake(&method_name(self.resolve, function)));
        let result = match (given, &function.result) {
            (Some(alias), _) => {
                let root = self.path(at, ROOT);
                Some(quote!(#root #alias))
            }
            (None, Some(ty)) => Some(self.rust_type(ty, at)?),
            (None, None) => None,
        };
        Ok(HostFunc {
            name: function.name.clone(),
            method,
            docs: docs(&function.docs, &format!("`{}`", function.name)),
            params,
            result,
            is_async: self.overrides.is_async(&item),
            waits: self.overrides.waits(&item),
            fills,
        })
    }

    /// The method of the trait.
    fn method(&self, function: &HostFunc) -> TokenStream {
        let runtime = self.runtime;
        let HostFunc { method, docs, params, result, is_async, fills, .. } = function;
        let params = params.iter().map(|HostParam { ident, owned, borrowed }| match borrowed {
            Some(Borrowed::Bytes) => quote!(#ident: &[u8]),
            Some(Borrowed::Text) => quote!(#ident: &str),
            None => quote!(#ident: #owned),
        });
        let result = result.clone().unwrap_or(quote!(()));
        let output = quote!(::core::result::Result<#result, #runtime::Stop>);
        let output = match is_async {
            true => quote!(impl ::core::future::Future<Output = #output>),
            false => output,
        };
        let this = match fills {
            true => quote!(caller: &mut impl #runtime::Caller<Self>),
            false => quote!(&mut self),
        };
        quote!(#docs fn #method(#this, #(#params),*) -> #output;)
    }

    /// The statement that adds a function to an interface: with a type of its own, so that the call
    /// is compiled into the function that the engine calls.
    fn link_function(&self, function: &HostFunc) -> TokenStream {
        let runtime = self.runtime;
        let HostFunc { name, method, params, result, is_async, waits, fills, .. } = function;
        let variables: Vec<_> = (0..params.len()).map(|n| format_ident!("param{n}")).collect();
        let many = params.len() > MAX_TUPLE;
        let types: Vec<_> = params.iter().map(|param| param.lifted(many)).collect();
        let (define, ty, pattern) = match many {
            false => (TokenStream::new(), quote!((#(#types,)*)), quote!((#(#variables,)*))),
            true => {
                let define = self.params_struct(&variables, &types, params);
                (define, quote!(__Params), quote!(__Params { #(#variables),* }))
            }
        };
        let pass = params.iter().zip(&variables).map(|(param, variable)| match param.borrowed {
            Some(Borrowed::Bytes) if !many => quote!(#variable),
            Some(_) => quote!(&#variable),
            None => quote!(#variable),
        });
        let this = match fills {
            true => quote!(&mut #runtime::CallerOf::new(caller, &self.0)),
            false => quote!((self.0)(state)),
        };
        let call = quote!(<H as Host>::#method(#this, #(#pass),*));
        let call = if *is_async { quote!(#runtime::block_on(#call)) } else { call };
        let (results, call) = match result {
            Some(result) => (quote!((#result,)), quote!(#call.map(|result| (result,)))),
            None => (quote!(()), call),
        };
        let (add, kind, params, taken) = match fills {
            true => (
                quote!(filling_func),
                quote!(FillingFunction),
                quote!(Params),
                quote!(caller: &mut impl #runtime::Caller<T>, params: Self::Params),
            ),
            false => (
                quote!(host_func),
                quote!(HostFunction),
                quote!(Params<'m>),
                quote!(state: &mut T, params: Self::Params<'_>),
            ),
        };
        quote! {
            {
                #define

                struct __Func<F, H: ?Sized>(F, ::core::marker::PhantomData<fn(&H)>);

                impl<T, H, F> #runtime::#kind<T> for __Func<F, H>
                where
                    T: 'static,
                    H: Host + ?Sized + 'static,
                    F: Fn(&mut T) -> &mut H + Send + Sync + 'static,
                {
                    type #params = #ty;
                    type Results = #results;

                    const WAITS: bool = #waits;

                    // In its one place, so that results need not be moved.
                    #[inline(always)]
                    fn call(
                        &self,
                        #taken,
                    ) -> ::core::result::Result<Self::Results, #runtime::Stop> {
                        let #pattern = params;
                        #call
                    }
                }

                __interface.#add(
                    #name,
                    __Func::<_, H>(host, ::core::marker::PhantomData),
                )?;
            }
        }
    }

    /// Parameters that are too many for a tuple.
    fn params_struct(
        &self,
        idents: &[Ident],
        types: &[TokenStream],
        params: &[HostParam],
    ) -> TokenStream {
        let fields = params.iter().zip(idents).zip(types).map(|((param, ident), ty)| Field {
            name: param.ident.to_string(),
            ident: ident.clone(),
            ty: ty.clone(),
        });
        let record = Record { fields: fields.collect() };
        let ident = format_ident!("__Params");
        let generics = Generics::default();
        let subject = Subject { runtime: self.runtime, ident: &ident, generics: &generics };
        let (component_type, lift) = (subject.component_type(&record), subject.lift(&record));
        quote!(struct #ident { #(#idents: #types),* } #component_type #lift)
    }
}

impl HostParam {
    /// The type that is taken out of the guest.
    fn lifted(&self, owned: bool) -> TokenStream {
        match self.borrowed {
            Some(Borrowed::Bytes) if !owned => quote!(&'m [u8]),
            Some(Borrowed::Text) if !owned => quote!(::std::borrow::Cow<'m, str>),
            _ => self.owned.clone(),
        }
    }
}

pub(crate) fn is_resource(resolve: &Resolve, ty: TypeId) -> bool {
    matches!(resolve.types[ty].kind, TypeDefKind::Resource)
}

/// The name of a function in Rust, in kebab-case: that of a method begins with its resource's.
pub(crate) fn method_name(resolve: &Resolve, function: &Function) -> String {
    let resource = function.kind.resource().and_then(|id| resolve.types[id].name.as_deref());
    match (resource, &function.kind) {
        (Some(resource), FunctionKind::Constructor(_)) => format!("{resource}-new"),
        (Some(resource), _) => format!("{resource}-{}", function.item_name()),
        (None, _) => function.item_name().to_owned(),
    }
}
